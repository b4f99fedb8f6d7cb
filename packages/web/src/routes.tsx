import { Activity, Cable, ListTree, type LucideIcon } from "lucide-react";
import { lazy, type ComponentType, type LazyExoticComponent } from "react";
import type { RelativeRange } from "./state/range.ts";

/** A page inside of the frame. To add one: a folder under `pages/`, a row here, its words in `i18n/`. */
export interface PageRoute {
  readonly path: string;
  readonly title: "nav.overview" | "nav.requests" | "nav.setup";
  readonly component: LazyExoticComponent<ComponentType>;
  /** Range when a page is opened first. */
  readonly defaultRange: RelativeRange;
  /** Range and filters apply to this page. */
  readonly scoped: boolean;
  /** The filter text applies to this page. */
  readonly searchable: boolean;
  /** Its place in the rail; absent for pages reached from others. */
  readonly rail?: { readonly place: "watch" | "foot"; readonly icon: LucideIcon; readonly keys: string };
}

/** All pages inside of the frame, in rail order. Each loads when it is opened first. */
export const PAGES: readonly PageRoute[] = [
  {
    path: "/",
    title: "nav.overview",
    component: lazy(() => import("./pages/overview/overview-page.tsx")),
    defaultRange: "1h",
    scoped: true,
    searchable: false,
    rail: { place: "watch", icon: Activity, keys: "g o" },
  },
  {
    path: "/requests",
    title: "nav.requests",
    component: lazy(() => import("./pages/requests/requests-page.tsx")),
    defaultRange: "15m",
    scoped: true,
    searchable: true,
    rail: { place: "watch", icon: ListTree, keys: "g r" },
  },
  {
    path: "/requests/:id",
    title: "nav.requests",
    component: lazy(() => import("./pages/request/request-page.tsx")),
    defaultRange: "15m",
    scoped: false,
    searchable: false,
  },
  {
    path: "/setup",
    title: "nav.setup",
    component: lazy(() => import("./pages/setup/setup-page.tsx")),
    defaultRange: "15m",
    scoped: false,
    searchable: false,
    rail: { place: "foot", icon: Cable, keys: "g i" },
  },
];

/** Pages without the frame. */
export const LoginPage = lazy(() => import("./pages/login/login-page.tsx"));
export const PasswordPage = lazy(() => import("./pages/password/password-page.tsx"));

import { useQueryClient } from "@tanstack/react-query";
import type { Session } from "@nexent/monitor-api";
import { lazy, Suspense, useCallback, useEffect, useRef, useState, type RefObject } from "react";
import { Link, Route, Switch, useLocation, useRoute, useSearch } from "wouter";
import { useLive, useLiveEvents } from "./api/live-context.tsx";
import { storeHealth, useFacets, useHealth } from "./api/frame-queries.ts";
import { secondsSince, serverNow, useServerContact } from "./api/server-contact.ts";
import { useSignOut } from "./api/session.ts";
import { Button, buttonClass } from "./components/button.tsx";
import { ChoiceFilter } from "./components/choice-filter.tsx";
import { Banner } from "./components/frame/banner.tsx";
import { FilterField } from "./components/frame/filter-field.tsx";
import { Footer } from "./components/frame/footer.tsx";
import { Frame, Header } from "./components/frame/frame.tsx";
import { LivePill, type PillState } from "./components/frame/live-pill.tsx";
import { Rail, type RailItem } from "./components/frame/rail.tsx";
import { TimePicker } from "./components/frame/time-picker.tsx";
import { useShortcuts } from "./components/shortcuts.ts";
import { NoticeState } from "./components/states.tsx";
import { useFormat } from "./format/format.ts";
import { useT } from "./i18n/i18n-context.tsx";
import { PAGES, type PageRoute } from "./routes.tsx";
import { pageLink } from "./state/page-link.ts";
import { shiftRange, zoomOut } from "./state/range.ts";
import { useStoredChoice } from "./state/stored-choice.ts";
import { useView, ViewProvider } from "./state/view-context.tsx";
import { useTheme } from "./theme/theme-context.tsx";

const KeySheet = lazy(() => import("./components/key-sheet.tsx"));
const STALE_TICK_MS = 1_000;

/** Frame and pages for a signed-in reader. */
export function Shell(props: { readonly session: Session }) {
  const page = useCurrentPage();
  return (
    <ViewProvider defaultRange={page?.defaultRange ?? "1h"}>
      <FramedPage session={props.session} page={page} />
    </ViewProvider>
  );
}

function useCurrentPage(): PageRoute | undefined {
  const [path] = useLocation();
  const [onDetail] = useRoute("/requests/:id");
  return onDetail ? PAGES.find((page) => page.path === "/requests/:id") : PAGES.find((page) => page.path === path);
}

interface FramedPageProps {
  readonly session: Session;
  readonly page: PageRoute | undefined;
}

function FramedPage({ session, page }: FramedPageProps) {
  const t = useT();
  const queries = useQueryClient();
  const [narrow, setNarrow] = useStoredChoice("rail", false);
  const [sheet, setSheet] = useState(false);
  const [timesOpen, setTimesOpen] = useState(false);
  const search = useRef<HTMLInputElement>(null);
  const health = useHealth(true);
  const links = usePageLinks(page);

  useLiveEvents((event) => {
    if (event.event === "kpi") storeHealth(queries, event.data.pipeline);
    if (event.event === "resync") void queries.invalidateQueries();
  });
  useEffect(() => {
    document.title = page === undefined ? t("app.name") : `${t(page.title)} · ${t("app.name")}`;
  }, [page, t]);
  useFrameKeys({ page, links, search, narrow, setNarrow, setSheet, setTimesOpen });

  return (
    <Frame
      narrow={narrow}
      banners={<Banners session={session} />}
      rail={<PageRail page={page} links={links} narrow={narrow} onNarrow={setNarrow} />}
      header={<PageHeader page={page} search={search} timesOpen={timesOpen} onTimesOpen={setTimesOpen} />}
      footer={<Footer health={health.data} onKeys={() => setSheet(true)} />}
    >
      <Suspense fallback={null}>
        <Switch>
          {PAGES.map((route) => (
            <Route key={route.path} path={route.path} component={route.component} />
          ))}
          <Route>
            <NoticeState title={t("app.notFound")}>
              <Link href="/" className={buttonClass()}>
                {t("app.backToOverview")}
              </Link>
            </NoticeState>
          </Route>
        </Switch>
        {sheet ? <KeySheet onClose={() => setSheet(false)} /> : null}
      </Suspense>
    </Frame>
  );
}

/** Addresses of the rail's pages; each keeps the range and filters in view. */
function usePageLinks(page: PageRoute | undefined): ReadonlyMap<string, string> {
  const search = useSearch();
  const here = page?.defaultRange ?? "1h";
  return new Map(PAGES.map((other) => [other.path, pageLink(other.path, search, here, other.defaultRange)]));
}

interface RailProps {
  readonly page: PageRoute | undefined;
  readonly links: ReadonlyMap<string, string>;
  readonly narrow: boolean;
  readonly onNarrow: (narrow: boolean) => void;
}

function PageRail(props: RailProps) {
  const t = useT();
  const signOut = useSignOut();
  const items = (place: "watch" | "foot"): readonly RailItem[] =>
    PAGES.flatMap((page) => {
      if (page.rail?.place !== place) return [];
      const current = props.page?.title === page.title;
      const href = props.links.get(page.path) ?? page.path;
      return [{ href, label: t(page.title), icon: page.rail.icon, keys: page.rail.keys, current }];
    });
  return (
    <Rail
      watch={items("watch")}
      foot={items("foot")}
      narrow={props.narrow}
      onNarrow={props.onNarrow}
      onSignOut={() => void signOut()}
    />
  );
}

interface PageHeaderProps {
  readonly page: PageRoute | undefined;
  readonly search: RefObject<HTMLInputElement | null>;
  readonly timesOpen: boolean;
  readonly onTimesOpen: (open: boolean) => void;
}

function PageHeader({ page, search, timesOpen, onTimesOpen }: PageHeaderProps) {
  const t = useT();
  const view = useView();
  const facets = useFacets(true);
  const { setFilter } = view;
  const onFilter = useCallback((text: string, commit: boolean) => setFilter(text, { replace: !commit }), [setFilter]);
  const title = page === undefined ? t("app.name") : t(page.title);
  if (page?.scoped !== true) return <Header title={title} />;
  return (
    <Header
      title={title}
      filters={
        <>
          <ChoiceFilter
            label={t("filter.model")}
            choices={facets.data?.models ?? []}
            chosen={view.models}
            onChange={view.setModels}
          />
          <ChoiceFilter
            label={t("filter.operation")}
            choices={facets.data?.operations ?? []}
            chosen={view.operations}
            onChange={view.setOperations}
          />
          <ChoiceFilter
            label={t("filter.provider")}
            choices={facets.data?.providers ?? []}
            chosen={view.providers}
            onChange={view.setProviders}
          />
        </>
      }
      search={page.searchable ? <FilterField value={view.filter} ref={search} onChange={onFilter} /> : undefined}
      times={
        <>
          <TimePicker
            range={view.range}
            nowMs={serverNow}
            onChange={view.setRange}
            open={timesOpen}
            onOpenChange={onTimesOpen}
          />
          <Pill page={page} />
        </>
      }
    />
  );
}

function Pill(props: { readonly page: PageRoute }) {
  const format = useFormat();
  const view = useView();
  const live = useLive();
  const [, tick] = useState(0);
  const state = pillState(view.range.kind === "absolute", view.live, live.state);
  useEffect(() => {
    if (state !== "stale") return undefined;
    const timer = setInterval(() => tick((count) => count + 1), STALE_TICK_MS);
    return () => clearInterval(timer);
  }, [state]);
  const toggle = () => {
    if (state === "fixed") view.setRange({ kind: "relative", key: props.page.defaultRange });
    else view.setLive(!view.live);
  };
  return <LivePill state={state} age={format.duration(secondsSince(live.lastEventMs()))} onToggle={toggle} />;
}

function pillState(fixed: boolean, wanted: boolean, live: ReturnType<typeof useLive>["state"]): PillState {
  if (fixed) return "fixed";
  if (!wanted) return "paused";
  if (live === "reconnecting" || live === "stale") return live;
  return "live";
}

function Banners(props: { readonly session: Session }) {
  const t = useT();
  const format = useFormat();
  const view = useView();
  const contact = useServerContact();
  const [dismissed, setDismissed] = useState("");
  const bad = view.badKeys.join(", ");
  return (
    <>
      {props.session.passwordSkipped ? (
        <Banner text={t("app.passwordBanner")}>
          <Link href="/password">{t("app.passwordBannerAction")}</Link>
        </Banner>
      ) : null}
      {contact.gone ? (
        <Banner
          text={t("app.serverGone", {
            age: format.duration(secondsSince(contact.lastAnswerMs)),
          })}
        />
      ) : null}
      {bad !== "" && bad !== dismissed ? (
        <Banner text={t("app.badLink", { keys: bad })}>
          <Button look="quiet" onClick={() => setDismissed(bad)}>
            {t("app.dismiss")}
          </Button>
        </Banner>
      ) : null}
    </>
  );
}

interface FrameKeys {
  readonly page: PageRoute | undefined;
  readonly links: ReadonlyMap<string, string>;
  readonly search: RefObject<HTMLInputElement | null>;
  readonly narrow: boolean;
  readonly setNarrow: (narrow: boolean) => void;
  readonly setSheet: (open: boolean) => void;
  readonly setTimesOpen: (open: boolean) => void;
}

function useFrameKeys(keys: FrameKeys): void {
  const view = useView();
  const { toggle } = useTheme();
  const [, navigate] = useLocation();
  const go = (path: string) => () => navigate(keys.links.get(path) ?? path);
  const scoped = keys.page?.scoped === true;
  const home = keys.page?.defaultRange ?? "1h";
  const inScope = (action: () => void) => (scoped ? action : undefined);
  useShortcuts({
    "g o": go("/"),
    "g r": go("/requests"),
    "g i": go("/setup"),
    "/":
      keys.search.current === null && keys.page?.searchable !== true ? undefined : () => keys.search.current?.focus(),
    t: inScope(() => keys.setTimesOpen(true)),
    "[": inScope(() => view.setRange(shiftRange(view.range, -0.5, serverNow()))),
    "]": inScope(() => view.setRange(shiftRange(view.range, 0.5, serverNow()))),
    "-": inScope(() => view.setRange(zoomOut(view.range, serverNow()))),
    "0": inScope(() => view.setRange({ kind: "relative", key: home })),
    Space: inScope(() =>
      view.range.kind === "absolute" ? view.setRange({ kind: "relative", key: home }) : view.setLive(!view.live),
    ),
    "Shift+D": toggle,
    "\\": () => keys.setNarrow(!keys.narrow),
    "?": () => keys.setSheet(true),
  });
}

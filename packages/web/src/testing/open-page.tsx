import { QueryClientProvider } from "@tanstack/react-query";
import { act } from "react";
import { createRoot } from "react-dom/client";
import { vi } from "vitest";
import { keepCsrfToken } from "../api/csrf-token.ts";
import { createQueryClient } from "../api/query-client.ts";
import { en } from "../i18n/en.ts";
import { I18nProvider } from "../i18n/i18n-context.tsx";
import { LANGUAGES } from "../i18n/languages.ts";
import { ThemeProvider } from "../theme/theme-context.tsx";
import type { FakeServer } from "./fake-server.ts";

/** A page of the dashboard in a jsdom window, with what a reader can do. */
export interface OpenPage {
  readonly text: () => string;
  /** Waits until the condition gives something; fails after three seconds with the page's text. */
  readonly until: <T>(find: () => T | undefined | null | false) => Promise<T>;
  /** The element of this role whose name or text matches. */
  readonly get: (role: string, name: RegExp) => Promise<HTMLElement>;
  readonly field: (label: RegExp) => Promise<HTMLInputElement>;
  readonly click: (element: Element, init?: MouseEventInit) => Promise<void>;
  readonly type: (input: HTMLInputElement, text: string) => Promise<void>;
  readonly key: (key: string, init?: KeyboardEventInit, target?: Element) => Promise<void>;
  readonly event: (target: EventTarget, event: Event) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Opens the whole app at an address, with `server` in place of the network. */
export async function openPage(address: string, server: FakeServer): Promise<OpenPage> {
  vi.stubGlobal("fetch", server.fetch);
  vi.stubGlobal("BroadcastChannel", undefined);
  history.replaceState(null, "", address);
  keepCsrfToken("token");
  // Chart code looks for the browser when it is loaded, so the gaps must be filled before.
  const { App } = await import("../app.tsx");
  const host = document.createElement("div");
  document.body.append(host);
  const root = createRoot(host);
  await act(async () =>
    root.render(
      <I18nProvider language={LANGUAGES[0]} messages={en}>
        <ThemeProvider>
          <QueryClientProvider client={createQueryClient()}>
            <App />
          </QueryClientProvider>
        </ThemeProvider>
      </I18nProvider>,
    ),
  );
  const until: OpenPage["until"] = async (find) => {
    const deadline = Date.now() + 3_000;
    for (;;) {
      const found = find();
      if (found !== undefined && found !== null && found !== false) return found;
      if (Date.now() > deadline) throw new Error(`not found on the page:\n${document.body.textContent}`);
      await act(async () => new Promise((resolve) => setTimeout(resolve, 5)));
    }
  };
  const dispatch = async (target: EventTarget, event: Event) => {
    await act(async () => void target.dispatchEvent(event));
  };
  return {
    text: () => document.body.textContent,
    until,
    get: (role, name) => until(() => byRole(role, name)),
    field: (label) => until(() => byLabel(label)),
    click: (element, init) => dispatch(element, new MouseEvent("click", { bubbles: true, cancelable: true, ...init })),
    type: async (input, text) => {
      Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value")?.set?.call(input, text);
      await dispatch(input, new Event("input", { bubbles: true }));
    },
    key: (key, init, target = document.body) =>
      dispatch(target, new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...init })),
    event: dispatch,
    close: async () => {
      await act(async () => root.unmount());
      host.remove();
    },
  };
}

const IMPLICIT: Readonly<Record<string, string>> = {
  button: "button",
  link: "a[href]",
  heading: "h1, h2, h3",
  row: "tr",
  columnheader: "th[scope=col]",
};

function nameOf(element: Element): string {
  return element.getAttribute("aria-label") ?? element.textContent ?? "";
}

function byRole(role: string, name: RegExp): HTMLElement | undefined {
  const selector = [`[role="${role}"]`, IMPLICIT[role]].filter(Boolean).join(", ");
  return [...document.querySelectorAll<HTMLElement>(selector)].find((element) => name.test(nameOf(element)));
}

function byLabel(label: RegExp): HTMLInputElement | undefined {
  return [...document.querySelectorAll("input")].find((input) => {
    const own =
      input.getAttribute("aria-label") ?? document.querySelector(`label[for="${input.id}"]`)?.textContent ?? "";
    return label.test(own);
  });
}

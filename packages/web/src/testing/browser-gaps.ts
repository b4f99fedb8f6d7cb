import { vi } from "vitest";

/** A 2D context that accepts everything and draws nothing. */
function silentContext(): unknown {
  const state: Record<string | symbol, unknown> = {};
  return new Proxy(state, {
    get: (target, name) => {
      if (name in target) return target[name];
      if (name === "measureText") return () => ({ width: 10 });
      return () => undefined;
    },
    set: (target, name, value) => {
      target[name] = value;
      return true;
    },
  });
}

class SilentObserver {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
}

class SilentPath {
  moveTo(): void {}
  lineTo(): void {}
  rect(): void {}
  arc(): void {}
  addPath(): void {}
}

/** Fills what jsdom lacks: canvas, sizes, media queries. Layout is never measured, so nothing is drawn. */
export function fillBrowserGaps(): void {
  vi.stubGlobal("ResizeObserver", SilentObserver);
  vi.stubGlobal("Path2D", SilentPath);
  vi.stubGlobal("matchMedia", (query: string) => ({
    matches: false,
    media: query,
    addEventListener: () => undefined,
    removeEventListener: () => undefined,
  }));
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  Object.defineProperty(HTMLCanvasElement.prototype, "getContext", { configurable: true, value: silentContext });
  Object.defineProperty(Element.prototype, "scrollTo", { configurable: true, value: () => undefined });
}

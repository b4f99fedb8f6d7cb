import { AsyncLocalStorage } from "node:async_hooks";
import type { BackendSpan, SpanBackend } from "./backend.ts";

const NOTHING_SENT = { exported: 0, dropped: 0, exportFailures: 0 } as const;

/** The span of a backend that keeps none: every call is ignored. */
const NOOP_SPAN: BackendSpan = {
  context: undefined,
  recording: false,
  setAttribute() {},
  setAttributes() {},
  updateName() {},
  addEvent() {},
  keep: () => false,
  end() {},
};

/**
 * The backend without OpenTelemetry: spans are no-ops. Owners still work, because nested calls must not be counted
 * twice; the AsyncLocalStorage behind them is created at the first owner only, as it slows every `await` on Node 20.
 */
export function createNoopBackend(): SpanBackend {
  let owners: AsyncLocalStorage<object> | undefined;
  return {
    name: "noop",
    startSpan: () => NOOP_SPAN,
    withSpan(_span, fn, owner) {
      if (owner === undefined) return fn();
      owners ??= new AsyncLocalStorage<object>();
      return owners.run(owner, fn);
    },
    contextIsUsed: () => false,
    activeSpan: () => undefined,
    activeOwner: () => owners?.getStore(),
    health: NOTHING_SENT,
    flush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
}

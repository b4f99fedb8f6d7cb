import { LIMITS } from "@nexent/monitor-core";
import type { TraceStore } from "@nexent/monitor-store";
import type { Context } from "hono";
import type { Clock } from "../clock.ts";
import type { ApiEnv } from "../http/api-context.ts";

/** What the routes of both versions need. */
export interface JaegerContext {
  readonly store: TraceStore;
  readonly clock: Clock;
}

/** Stops a question when its asker has gone, and at the time limit. */
export function signalOf(c: Context<ApiEnv>): AbortSignal {
  return AbortSignal.any([c.req.raw.signal, AbortSignal.timeout(LIMITS.queryTimeoutMs)]);
}

import { LIMITS } from "@nexent/monitor-core";
import type { MetricStore, Slots } from "@nexent/monitor-store";
import type { Context } from "hono";
import type { Clock } from "../clock.ts";
import type { ApiEnv } from "../http/api-context.ts";
import { paramsOf } from "../http/request-params.ts";
import { durationOf } from "./query-params.ts";
import { badParameter, QueryFault } from "./query-fault.ts";

/** What the routes need. */
export interface PrometheusContext {
  readonly store: MetricStore;
  readonly clock: Clock;
  readonly slots: Slots;
}

/** A question: its parameters, and the signal that stops it when its asker has gone and at the time limit. */
export interface Question {
  readonly params: URLSearchParams;
  readonly signal: AbortSignal;
  /** Adds to the `warnings` of the answer, each text once. */
  readonly warn: (warning: string) => void;
}

/** What a route answers in `data`. */
export type Answering = (question: Question, c: Context<ApiEnv>) => Promise<unknown>;

/** Answers the envelope of Prometheus, a few questions at once. */
export function answering({ slots }: PrometheusContext, work: Answering): (c: Context<ApiEnv>) => Promise<Response> {
  return async (c) => {
    const params = c.req.method === "POST" ? await formOf(c) : paramsOf(c);
    const timeoutMs = Math.min(durationOf(params, "timeout") ?? LIMITS.queryTimeoutMs, LIMITS.queryTimeoutMs);
    if (timeoutMs < 0) throw badParameter("timeout", "it is negative");
    const signal = AbortSignal.any([c.req.raw.signal, AbortSignal.timeout(timeoutMs)]);
    const warnings = new Set<string>();
    const question = { params, signal, warn: (warning: string) => void warnings.add(warning) };
    const data = await slots.run(signal, () => work(question, c));
    return c.json({ status: "success", data, ...(warnings.size === 0 ? {} : { warnings: [...warnings] }) });
  };
}

/** Parameters of a form, then those of the address. @throws {QueryFault} */
async function formOf(c: Context<ApiEnv>): Promise<URLSearchParams> {
  const type = c.req.header("content-type") ?? "";
  if (!/^application\/x-www-form-urlencoded\s*(?:;|$)/i.test(type)) {
    throw new QueryFault("bad_data", "a POST needs the content type application/x-www-form-urlencoded");
  }
  return new URLSearchParams([...new URLSearchParams(await c.req.text()), ...paramsOf(c)]);
}

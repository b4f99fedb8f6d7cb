import { rangeQuerySchema, requestsQuerySchema, seriesQuerySchema } from "@nexent/monitor-api";
import { LIMITS } from "@nexent/monitor-core";
import type { TraceStore } from "@nexent/monitor-store";
import type { Context } from "hono";
import type { Clock } from "../../clock.ts";
import type { Accents } from "../../query/accents.ts";
import { facetsOf } from "../../query/facets.ts";
import { timeRange } from "../../query/range.ts";
import { requestDetail, requestStream } from "../../query/request-detail.ts";
import { listRequests } from "../../query/requests.ts";
import { seriesOf } from "../../query/series.ts";
import { summarise, type Thresholds } from "../../query/summary.ts";
import { answerData } from "../api-answer.ts";
import type { ApiApp, ApiEnv } from "../api-context.ts";
import { readQuery } from "../read-input.ts";

export interface QueryRoutes {
  readonly store: TraceStore;
  readonly accents: Accents;
  readonly thresholds: Thresholds;
  readonly clock: Clock;
}

/** Latest time the schema takes; facets without a range mean all time. */
const ALL_TIME = { from: 0, to: 8_640_000_000_000_000 };
const facetsQuerySchema = rangeQuerySchema.extend({
  from: rangeQuerySchema.shape.from.default(ALL_TIME.from),
  to: rangeQuerySchema.shape.to.default(ALL_TIME.to),
});

/** Stops the question when its asker has gone, and at the time limit. */
function signalOf(c: Context<ApiEnv>): AbortSignal {
  return AbortSignal.any([c.req.raw.signal, AbortSignal.timeout(LIMITS.queryTimeoutMs)]);
}

/** Reports over the store. Every route needs a session; the guard stands before it. */
export function addQueryRoutes(app: ApiApp, { store, accents, thresholds, clock }: QueryRoutes): void {
  app.get("/api/summary", async (c) => {
    const { summary, ...basis } = await summarise(store, readQuery(c, rangeQuerySchema), thresholds, signalOf(c));
    return answerData(c, summary, basis);
  });
  app.get("/api/series", async (c) => {
    const question = readQuery(c, seriesQuerySchema);
    const { series, ...basis } = await seriesOf(store, question, clock.wallMs(), signalOf(c));
    return answerData(c, series, basis);
  });
  app.get("/api/facets", async (c) => {
    const { from, to } = readQuery(c, facetsQuerySchema);
    return answerData(c, await facetsOf(store, accents, timeRange(from, to), signalOf(c)));
  });
  app.get("/api/requests", async (c) => {
    const list = await listRequests(store, readQuery(c, requestsQuerySchema), signalOf(c));
    return answerData(c, list, { n: list.shown });
  });
  app.get("/api/requests/:id", async (c) => {
    return answerData(c, await requestDetail(store, c.req.param("id"), thresholds, signalOf(c)));
  });
  app.get("/api/requests/:id/stream", async (c) => {
    return answerData(c, await requestStream(store, c.req.param("id"), signalOf(c)));
  });
}

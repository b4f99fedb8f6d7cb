import type { MetricStore, TraceStore } from "@nexent/monitor-store";
import type { Clock } from "../../clock.ts";
import type { MemoryGuard } from "../../memory-guard.ts";
import type { ScrapeSnapshot } from "../../scrape-counters.ts";
import type { PipelineCounters } from "../../self/pipeline-counters.ts";
import type { ServerMetrics } from "../../self/server-metrics.ts";
import type { TokenCheck } from "../../token-check.ts";
import { answerData, answerError } from "../api-answer.ts";
import type { ApiApp } from "../api-context.ts";
import { isThisMachine } from "../peer.ts";
import { pipelineAnswer } from "../pipeline-answer.ts";

export interface StatusRoutes {
  readonly store: TraceStore;
  readonly metricStore: Pick<MetricStore, "quarantinedFiles">;
  readonly counters: PipelineCounters;
  readonly metrics: ServerMetrics;
  readonly scrapes: () => ScrapeSnapshot;
  readonly memory: Pick<MemoryGuard, "budgetBytes" | "residentBytes">;
  readonly clock: Clock;
  /** Whether the server takes and answers; `false` while it stops. */
  readonly isReady: () => boolean;
}

/** `/health` and `/ready` (one word, for everybody) and `/metrics` (this machine, or whoever has a read token). */
export function addOpenStatusRoutes(
  app: ApiApp,
  { store, metricStore, counters, metrics, scrapes, memory, isReady }: StatusRoutes,
  readToken: TokenCheck,
): void {
  app.get("/health", (c) => c.text("ok"));
  app.get("/ready", (c) => (isReady() ? c.text("ready") : c.text("unavailable", 503)));
  app.get("/metrics", async (c) => {
    const { incoming } = c.env;
    if (!isThisMachine(incoming) && !readToken.isPresented(incoming.headers)) return answerError(c, "FORBIDDEN");
    const sources = {
      pipeline: counters.snapshot(),
      store: await store.stats(),
      quarantinedMetricFiles: metricStore.quarantinedFiles(),
      scrapes: scrapes(),
      memory,
    };
    const { text, contentType } = metrics.expose(c.req.header("accept"), sources);
    return c.body(text, 200, { "content-type": contentType });
  });
}

/** `/api/health`: the pipeline footer, for signed-in pages. */
export function addHealthRoute(app: ApiApp, { store, counters, clock }: StatusRoutes): void {
  app.get("/api/health", async (c) => {
    return answerData(c, pipelineAnswer(counters.snapshot(), await store.stats(), clock.wallMs()));
  });
}

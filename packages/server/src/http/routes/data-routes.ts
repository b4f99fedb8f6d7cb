import {
  backupRequestSchema,
  purgeRequestSchema,
  purgeSelectorSchema,
  type PurgeSelectorInput,
} from "@nexent/monitor-api";
import type { MetricStore, PurgeSelector, TraceStore } from "@nexent/monitor-store";
import type { HostRules } from "../../host-origin.ts";
import type { Log } from "../../log.ts";
import type { Retention } from "../../retention.ts";
import { answerData, ApiRefusal } from "../api-answer.ts";
import type { ApiApp } from "../api-context.ts";
import { isThisMachine } from "../peer.ts";
import { createPurgeOfBoth } from "../purge-of-both.ts";
import { readJson } from "../read-input.ts";
import { requireOwnOrigin } from "../session-guard.ts";

/** What the routes over stored data need. */
export interface DataRoutes {
  readonly store: TraceStore;
  readonly metricStore: MetricStore;
  /** What `retain` runs. */
  readonly retention: Pick<Retention, "run">;
}

const MS_NANOS = 1_000_000n;
/** Later than any start that is stored. */
const END_OF_TIME = 2n ** 63n;

/** `/api/data/…`: erasing, checking and copying what is stored. What a purge names is never logged: it may be a secret. */
export function addDataRoutes(app: ApiApp, routes: DataRoutes, hostRules: HostRules, log: Log): void {
  const { store, metricStore, retention } = routes;
  const purge = createPurgeOfBoth(store, metricStore);
  const ownOrigin = requireOwnOrigin(hostRules);
  app.post("/api/data/purge/preview", ownOrigin, async (c) =>
    answerData(c, await purge.preview(selectorOf(await readJson(c, purgeSelectorSchema)))),
  );
  app.post("/api/data/purge", ownOrigin, async (c) => {
    const report = await purge.run((await readJson(c, purgeRequestSchema)).planId);
    log.info("data_purged", { spans: report.spans, metricSamples: report.metricSamples });
    return answerData(c, report);
  });
  app.post("/api/data/verify", ownOrigin, async (c) =>
    answerData(c, { days: await store.verify(), metricDays: await metricStore.verify() }),
  );
  app.post("/api/data/backup", ownOrigin, async (c) => {
    // The path is one of this machine, and so must be who names it.
    if (!isThisMachine(c.env.incoming)) throw new ApiRefusal("FORBIDDEN", { reason: "backup" });
    const { directory } = await readJson(c, backupRequestSchema);
    return answerData(c, await store.backup(directory, (to) => metricStore.backUp(to)));
  });
  app.post("/api/data/retain", ownOrigin, async (c) => answerData(c, await retention.run()));
}

function selectorOf({ all, from, to, service, model, traceId }: PurgeSelectorInput): PurgeSelector {
  const range = {
    fromUnixNanos: BigInt(from ?? 0) * MS_NANOS,
    toUnixNanos: to === undefined ? END_OF_TIME : BigInt(to) * MS_NANOS,
  };
  return {
    ...(all === true ? { all } : {}),
    ...(from === undefined && to === undefined ? {} : { range }),
    ...(service === undefined ? {} : { service }),
    ...(model === undefined ? {} : { model }),
    ...(traceId === undefined ? {} : { traceId }),
  };
}

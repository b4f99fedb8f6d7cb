import type { Clock } from "../clock.ts";
import type { PipelineEvents, RefuseReason } from "../pipeline-events.ts";
import { createRateWindow } from "./rate-window.ts";

/** What the receiver and ingest did since the start of the process. */
export interface PipelineSnapshot {
  readonly bodies: number;
  readonly wireBytes: number;
  readonly spansDecoded: number;
  readonly spansAccepted: number;
  readonly spansRejected: number;
  readonly callsStored: number;
  readonly sanitisedValues: number;
  readonly spansPerSecond: number;
  readonly callsPerSecond: number;
  readonly refusedByReason: ReadonlyMap<RefuseReason, number>;
  readonly rejectedByReason: ReadonlyMap<string, number>;
  /** The newest refusal, for the setup page. */
  readonly lastRefusal?: { readonly reason: RefuseReason; readonly detail: string };
  /** Id of the newest call that became durable. */
  readonly newestCallId?: string;
}

/** Counts what the pipeline tells; the one source of the setup check, the footer and the metrics. */
export interface PipelineCounters extends PipelineEvents {
  /** LLM calls became durable; the id is that of the newest one. */
  callsStored(calls: number, newestId: string): void;
  snapshot(): PipelineSnapshot;
}

/** Counters of one server process. */
export function createPipelineCounters(clock: Clock): PipelineCounters {
  const spanRate = createRateWindow(() => clock.monotonicMs());
  const callRate = createRateWindow(() => clock.monotonicMs());
  const refusedByReason = new Map<RefuseReason, number>();
  const rejectedByReason = new Map<string, number>();
  const totals = {
    bodies: 0,
    wireBytes: 0,
    spansDecoded: 0,
    spansAccepted: 0,
    spansRejected: 0,
    callsStored: 0,
    sanitisedValues: 0,
  };
  let lastRefusal: PipelineSnapshot["lastRefusal"];
  let newestCallId: string | undefined;
  return {
    bodyReceived(wireBytes) {
      totals.bodies++;
      totals.wireBytes += wireBytes;
    },
    requestRefused(reason, detail) {
      bump(refusedByReason, reason, 1);
      lastRefusal = { reason, detail };
    },
    spansDecoded(spans) {
      totals.spansDecoded += spans;
    },
    spansAccepted(spans) {
      totals.spansAccepted += spans;
      spanRate.add(spans);
    },
    spansRejected(reason, spans) {
      totals.spansRejected += spans;
      bump(rejectedByReason, reason, spans);
    },
    valuesSanitised(values) {
      totals.sanitisedValues += values;
    },
    itemsNotStored(signal, items) {
      if (items > 0) bump(rejectedByReason, signal, items);
    },
    callsStored(calls, newestId) {
      totals.callsStored += calls;
      callRate.add(calls);
      newestCallId = newestId;
    },
    snapshot: () => ({
      ...totals,
      spansPerSecond: spanRate.perSecond(),
      callsPerSecond: callRate.perSecond(),
      refusedByReason,
      rejectedByReason,
      ...(lastRefusal === undefined ? {} : { lastRefusal }),
      ...(newestCallId === undefined ? {} : { newestCallId }),
    }),
  };
}

function bump<K>(counts: Map<K, number>, key: K, by: number): void {
  counts.set(key, (counts.get(key) ?? 0) + by);
}

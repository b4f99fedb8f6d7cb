import { LIMITS, MonitorError } from "@nexent/monitor-core";
import type { TraceStore } from "@nexent/monitor-store";
import type { Clock } from "../clock.ts";
import type { OtlpEncoding } from "../codecs/otlp-answers.ts";
import { spanCount, type TelemetryBatch } from "../codecs/telemetry-batch.ts";
import type { PipelineEvents } from "../pipeline-events.ts";
import { normalise } from "./normalise.ts";
import { rejectMessage, type RejectReason } from "./reject.ts";
import { totalCount } from "./sanitise.ts";

/** What became of a batch. `accepted` and `partial` mean: what was kept is durable. */
export type IngestAnswer =
  | { readonly status: "accepted"; readonly items: number }
  /** The rest is durable; the rejected spans must never be sent again. */
  | { readonly status: "partial"; readonly accepted: number; readonly rejected: number; readonly reason: string }
  /** Nothing kept, come back. */
  | { readonly status: "overloaded"; readonly retryAfterMs: number }
  | { readonly status: "unavailable"; readonly retryAfterMs: number; readonly error: MonitorError };

/** Normalises decoded batches and hands them to the store. Safe for concurrent calls. */
export interface Ingest {
  /** @throws {PAYLOAD_TOO_LARGE} beyond `LIMITS.spansPerRequest`. */
  traces(batch: TelemetryBatch): Promise<IngestAnswer>;
  /**
   * Takes a metrics request as it came; absent while the store keeps no metric samples. A partial answer counts data
   * points.
   */
  metrics?(request: MetricsRequest): Promise<IngestAnswer>;
}

/** An `ExportMetricsServiceRequest`, not decoded. */
export interface MetricsRequest {
  readonly encoding: OtlpEncoding;
  readonly bytes: Uint8Array;
}

export interface IngestOptions {
  readonly store: Pick<TraceStore, "write">;
  readonly events: PipelineEvents;
  readonly clock: Clock;
  /** Where metrics go; absent while no store keeps them. */
  readonly metrics?: Ingest["metrics"];
}

/** How long a sender waits when the store cannot say. */
const UNAVAILABLE_RETRY_MS = 5_000;

/** The ingest pipeline over one store. */
export function createIngest(options: IngestOptions): Ingest {
  const { store, events, clock, metrics } = options;
  return {
    ...(metrics === undefined ? {} : { metrics }),
    async traces(batch) {
      const total = spanCount(batch);
      if (total > LIMITS.spansPerRequest) {
        throw new MonitorError("PAYLOAD_TOO_LARGE", `more than ${LIMITS.spansPerRequest} spans in one request`);
      }
      events.spansDecoded(total);
      const { spans, rejected, counts } = normalise(batch, clock.wallMs());
      events.valuesSanitised(totalCount(counts));
      if (spans.length === 0) return answer(0, rejected, events);
      const outcome = await store.write({ spans });
      if (outcome.status === "overloaded") return outcome;
      if (outcome.status === "rejected") {
        return { status: "unavailable", retryAfterMs: UNAVAILABLE_RETRY_MS, error: outcome.error };
      }
      if (outcome.status === "partial") {
        rejected.set("store", outcome.rejected);
        events.spansAccepted(outcome.accepted);
        return answer(outcome.accepted, rejected, events, outcome.reason);
      }
      events.spansAccepted(spans.length);
      return answer(spans.length, rejected, events);
    },
  };
}

function answer(
  accepted: number,
  rejected: ReadonlyMap<RejectReason, number>,
  events: PipelineEvents,
  storeReason?: string,
): IngestAnswer {
  let count = 0;
  for (const [reason, spans] of rejected) {
    count += spans;
    events.spansRejected(reason, spans);
  }
  if (count === 0) return { status: "accepted", items: accepted };
  const detail = storeReason === undefined ? "" : ` (${storeReason})`;
  return { status: "partial", accepted, rejected: count, reason: rejectMessage(rejected) + detail };
}

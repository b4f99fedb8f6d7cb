import type { MonitorError } from "@nexent/monitor-core";
import type { TraceStore } from "@nexent/monitor-store";
import type { Clock } from "../clock.ts";
import type { OtlpEncoding } from "../codecs/otlp-answers.ts";
import type { PipelineEvents } from "../pipeline-events.ts";
import { joinAnswers } from "./join-answers.ts";
import { createInlinePreparer, type PreparedSpans, type TracePreparer } from "./prepare-traces.ts";
import { rejectMessage, type RejectReason } from "./reject.ts";
import type { TraceRequest } from "./trace-request.ts";

/** What became of a batch. `accepted` and `partial` mean: what was kept is durable. */
export type IngestAnswer =
  | { readonly status: "accepted"; readonly items: number }
  /** The rest is durable; the rejected spans must never be sent again. */
  | { readonly status: "partial"; readonly accepted: number; readonly rejected: number; readonly reason: string }
  /** Nothing kept, come back. */
  | { readonly status: "overloaded"; readonly retryAfterMs: number }
  | { readonly status: "unavailable"; readonly retryAfterMs: number; readonly error: MonitorError };

/** Prepares requests and hands what is in them to the store. Safe for concurrent calls. */
export interface Ingest {
  /**
   * Takes a request of traces as it came. A large one is stored in slices: when one of them was not kept the sender is
   * told to come back with everything, and what was kept already is recognised then.
   * @throws {PAYLOAD_MALFORMED} {PAYLOAD_TOO_LARGE}
   */
  traces(request: TraceRequest): Promise<IngestAnswer>;
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
  /** Where traces are prepared; default here. */
  readonly preparer?: TracePreparer;
  /** Where metrics go; absent while no store keeps them. */
  readonly metrics?: Ingest["metrics"];
}

/** How long a sender waits when the store cannot say. */
const UNAVAILABLE_RETRY_MS = 5_000;

/** The ingest pipeline over one store. */
export function createIngest(options: IngestOptions): Ingest {
  const { store, events, clock, metrics, preparer = createInlinePreparer() } = options;

  async function keep({ decoded, sanitised, rejected, encoded }: PreparedSpans): Promise<IngestAnswer> {
    events.spansDecoded(decoded);
    events.valuesSanitised(sanitised);
    if (encoded === undefined) return answer(0, rejected, events);
    const outcome = await store.write(encoded);
    if (outcome.status === "overloaded") return outcome;
    if (outcome.status === "rejected") {
      return { status: "unavailable", retryAfterMs: UNAVAILABLE_RETRY_MS, error: outcome.error };
    }
    if (outcome.status === "partial") {
      events.spansAccepted(outcome.accepted);
      return answer(outcome.accepted, new Map(rejected).set("store", outcome.rejected), events, outcome.reason);
    }
    events.spansAccepted(outcome.records);
    return answer(outcome.records, rejected, events);
  }

  return {
    ...(metrics === undefined ? {} : { metrics }),
    async traces(request) {
      const answers: Promise<IngestAnswer>[] = [];
      await preparer.prepare(request, clock.wallMs(), (prepared) => {
        const kept = keep(prepared);
        // It is looked at below, once every slice is on its way.
        kept.catch(() => undefined);
        answers.push(kept);
      });
      return joinAnswers(await Promise.all(answers));
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

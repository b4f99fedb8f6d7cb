import type { OtlpEncoding, PartialSuccess } from "../codecs/otlp-answers.ts";
import { countJson } from "../codecs/otlp-json.ts";
import { countProtobuf } from "../codecs/otlp-protobuf.ts";
import type { Signal } from "../codecs/telemetry-batch.ts";
import type { Ingest, IngestAnswer } from "../ingest/ingest.ts";
import type { PipelineEvents } from "../pipeline-events.ts";
import { answerRefusal, errorRefusal, type Refusal } from "./refusal.ts";

/** What became of one OTLP request; both transports answer with it in their own way. */
export type OtlpOutcome =
  | { readonly kind: "success"; readonly partial?: PartialSuccess }
  | { readonly kind: "refused"; readonly refusal: Refusal };

/** OTLP requests, whatever carried them. */
export interface OtlpIntake {
  /** Resolves when what was kept is durable. */
  receive(signal: Signal, encoding: OtlpEncoding, bytes: Uint8Array): Promise<OtlpOutcome>;
}

const NOT_KEPT = {
  metrics: "no metric samples are stored here; data points are not kept",
  logs: "only traces are stored here; log records are not kept",
} as const;

/**
 * Hands requests to ingest. Metrics go where ingest has a place for them; what has no place is counted
 * and answered as rejected, so that no sender believes it is kept.
 */
export function createOtlpIntake(ingest: Ingest, events: PipelineEvents): OtlpIntake {
  function turnAway(signal: "metrics" | "logs", encoding: OtlpEncoding, bytes: Uint8Array): OtlpOutcome {
    const items = encoding === "json" ? countJson(signal, bytes) : countProtobuf(signal, bytes);
    events.itemsNotStored(signal, items);
    return { kind: "success", ...(items === 0 ? {} : { partial: { rejected: items, message: NOT_KEPT[signal] } }) };
  }

  return {
    async receive(signal, encoding, bytes) {
      try {
        if (signal === "traces") {
          const form = encoding === "json" ? "otlp_json" : "otlp_protobuf";
          return outcomeOf(await ingest.traces({ form, bytes }));
        }
        if (signal === "metrics" && ingest.metrics !== undefined) {
          return outcomeOf(await ingest.metrics({ encoding, bytes }));
        }
        return turnAway(signal, encoding, bytes);
      } catch (error) {
        return { kind: "refused", refusal: errorRefusal(error) };
      }
    },
  };
}

function outcomeOf(answer: IngestAnswer): OtlpOutcome {
  const refused = answerRefusal(answer);
  if (refused !== undefined) return { kind: "refused", refusal: refused };
  if (answer.status !== "partial") return { kind: "success" };
  return { kind: "success", partial: { rejected: answer.rejected, message: answer.reason } };
}

/** Why a receiver turned a whole request away; a closed list, also the label `reason`. */
export type RefuseReason =
  | "framing"
  | "host"
  | "origin"
  | "token"
  | "not_found"
  | "method"
  | "content_type"
  | "content_encoding"
  | "too_large"
  | "too_slow"
  | "malformed"
  | "overloaded"
  | "memory"
  | "unavailable";

/**
 * What receivers and ingest tell about themselves. Everything that is lost has a reason here (reliability contract 1.2);
 * the implementation counts, and must never throw or block.
 */
export interface PipelineEvents {
  /** Bytes of a telemetry body arrived, before anything was decoded. */
  bodyReceived(wireBytes: number): void;
  /** A whole request was turned away. `detail` is what the setup page shows: a content type, a limit. */
  requestRefused(reason: RefuseReason, detail: string): void;
  /** A body was decoded into that many spans. */
  spansDecoded(spans: number): void;
  /** Spans were acknowledged: they are durable, repeats included. */
  spansAccepted(spans: number): void;
  /** Single spans were turned away, the rest of their request was kept. */
  spansRejected(reason: string, spans: number): void;
  /** Values that had to be cut, repaired or redacted. */
  valuesSanitised(values: number): void;
  /** Metric points or log records that this release does not keep. */
  itemsNotStored(signal: "metrics" | "logs", items: number): void;
}

import { ATTR, createTokenClock, METRICS, type MetricRegistry, type TokenClock } from "@nexent/monitor-core";
import type { BackendSpan } from "../backend/backend.ts";
import type { CallSink } from "../recording/call-sink.ts";
import type { CallEnd } from "../recording/recording.ts";
import { describeThrown } from "../redact.ts";
import type { Runtime } from "../runtime.ts";

/** One call of an endpoint: its span and its own duration. It records into no `llm_*` family. */
export class EndpointCall implements CallSink {
  readonly span: BackendSpan;
  /** Asked by whoever follows streams; nothing an endpoint returns is counted as tokens. */
  readonly clock: TokenClock = createTokenClock({ tape: false, estimateTokens: false });
  /** Nobody watches the body of what an endpoint returns. */
  readonly readAtMs = undefined;
  readonly #registry: MetricRegistry;
  readonly #name: string;
  readonly #startMs = performance.now();
  readonly #startUnixMicros = Math.round(Date.now() * 1000);
  #ended = false;

  constructor({ started, registry }: Runtime, name: string) {
    this.#registry = registry;
    this.#name = name;
    this.span = started.backend.startSpan({ name, kind: "internal", startUnixMicros: this.#startUnixMicros });
  }

  get ended(): boolean {
    return this.#ended;
  }

  micros(atMs: number): number {
    return Math.max(0, Math.round((atMs - this.#startMs) * 1000));
  }

  /** Corrections concern LLM calls. */
  amend(): void {}

  end(end: CallEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    const micros = this.micros(end.atMs ?? performance.now());
    // A response that refuses (4xx) was returned on purpose: the caller's fault, not the endpoint's.
    const refused = end.error === undefined && end.httpStatus !== undefined && end.httpStatus < 500;
    const outcome = end.outcome === "error" && refused ? "ok" : end.outcome;
    if (outcome !== "abandoned") {
      const labels = { endpoint: this.#name, outcome };
      this.#registry.histogram(METRICS.nexentEndpointDurationSeconds, labels).observe(micros / 1e6);
    }
    const errorType = outcome === "error" ? (end.errorType ?? "unknown") : undefined;
    if (errorType !== undefined) this.span.setAttributes({ [ATTR.errorType]: errorType });
    if (errorType !== undefined && end.error !== undefined) this.#addException(end.error);
    const endUnixMicros = this.#startUnixMicros + micros;
    this.span.end(errorType === undefined ? { endUnixMicros } : { endUnixMicros, error: errorType });
  }

  #addException(error: unknown): void {
    const { type, message } = describeThrown(error);
    this.span.addEvent("exception", { "exception.type": type, "exception.message": message });
  }
}

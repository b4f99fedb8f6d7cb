import { utf8Length, type DeltaKind, type TokenUsage } from "@nexent/monitor-core";
import type { Attributes } from "./backend/backend.ts";
import type { CallSink } from "./recording/call-sink.ts";
import { givenOptions } from "./given-options.ts";
import { manager } from "./manager.ts";
import { joinOrOpen } from "./observe-call.ts";
import type { CallEnd } from "./recording/recording.ts";
import { UNKNOWN } from "./recording/span-attributes.ts";
import { endOfAbort, endOfThrown } from "./recording/thrown-error.ts";

/** The clock for streams that are read by hand. The first terminal call wins; nothing throws. */
export interface TokenTracker extends Disposable {
  /** Optional: {@link recordToken} stamps it too. */
  recordFirstToken(): void;
  /** One delta. Empty text is not counted; without `count` a chunk is a chunk, not a token. */
  recordToken(text?: string, detail?: { readonly kind?: DeltaKind; readonly count?: number }): void;
  /** The answer is complete. */
  recordCompletion(usage?: TokenUsage): void;
  recordCompletion(inputTokens?: number, outputTokens?: number): void;
  /** The request failed; an abort counts as cancelled. */
  fail(error: unknown): void;
  /** The application stopped; a `TimeoutError` as reason is a timeout. */
  cancel(reason?: unknown): void;
}

export interface TrackerOptions {
  /** Default `llm_completion`. */
  readonly operation?: string;
  /** Default `unknown`. */
  readonly provider?: string;
  readonly attributes?: Attributes;
  /** Default: the configuration. */
  readonly tokenTape?: boolean;
}

/** Bytes that stand for a delta whose text was not given: the smallest count there is. */
const UNSAID_BYTES = 1;

/** A tracker over a call; without one every method does nothing. */
export class SinkTracker implements TokenTracker {
  readonly sink: CallSink | undefined;

  constructor(sink: CallSink | undefined) {
    this.sink = sink;
  }

  recordFirstToken(): void {
    this.#mark((sink, at) => sink.clock.markFirstToken(at));
  }

  recordToken(text?: string, detail: { readonly kind?: DeltaKind; readonly count?: number } = {}): void {
    if (text === "") return;
    const { kind = "text", count } = givenOptions(detail);
    const bytes = typeof text === "string" ? utf8Length(text) : UNSAID_BYTES;
    this.#mark((sink, at) => {
      sink.clock.recordDelta(kind, bytes, at, countOf(count));
      if (typeof text === "string") sink.text?.add(kind, text);
      else sink.text?.drop();
    });
  }

  recordCompletion(first?: TokenUsage | number, outputTokens?: number): void {
    const { sink } = this;
    if (sink === undefined || sink.ended) return;
    const given = typeof first === "object" ? givenOptions(first) : { inputTokens: first, outputTokens };
    const usage = usageOf(given);
    if (Object.keys(usage).length > 0) sink.clock.recordUsage(usage);
    sink.end({ outcome: "ok" });
  }

  fail(error: unknown): void {
    this.#finish(endOfThrown(error, "call"));
  }

  cancel(reason?: unknown): void {
    this.#finish(endOfAbort(reason));
  }

  [Symbol.dispose](): void {
    // A block left without a word cannot be told from one that threw.
    this.#finish({ outcome: "error", errorType: "unknown" });
  }

  #mark(record: (sink: CallSink, atMicros: number) => void): void {
    const { sink } = this;
    if (sink === undefined || sink.ended) return;
    sink.amend({ streaming: true });
    record(sink, sink.micros(performance.now()));
  }

  #finish(end: CallEnd): void {
    if (this.sink !== undefined && !this.sink.ended) this.sink.end(end);
  }
}

/** A count nobody can mean is unknown, not 0. */
function countOf(count: number | undefined): number | undefined {
  return typeof count === "number" && Number.isFinite(count) && count >= 0 ? count : undefined;
}

const USAGE_FIELDS = [
  "inputTokens",
  "outputTokens",
  "cacheReadTokens",
  "cacheWriteTokens",
  "reasoningTokens",
  "rejectedPredictionTokens",
] as const satisfies readonly (keyof TokenUsage)[];

function usageOf(given: { readonly [Field in keyof TokenUsage]?: TokenUsage[Field] | undefined }): TokenUsage {
  const usage: { -readonly [Field in keyof TokenUsage]: TokenUsage[Field] } = {};
  for (const field of USAGE_FIELDS) {
    const count = countOf(given[field]);
    if (count !== undefined) usage[field] = count;
  }
  return usage;
}

/**
 * A clock for a hand-written stream. Inside an observed call it adds its marks to that call instead of opening a second
 * record. Off: every method does nothing.
 *
 * @example
 * const tracker = createTokenTracker("gpt-4o");
 * for await (const text of stream) tracker.recordToken(text);
 * tracker.recordCompletion(12, 48);
 */
export function createTokenTracker(model: string, options: TrackerOptions = {}): TokenTracker {
  const runtime = manager.runtime();
  if (runtime === undefined) return new SinkTracker(undefined);
  manager.addSite("tracker");
  const { operation = "llm_completion", provider = UNKNOWN, attributes, tokenTape } = givenOptions(options);
  const call = { provider, model: model || UNKNOWN, operation, streaming: false, clockSource: "iterator" } as const;
  const wanted = {
    call: attributes === undefined ? call : { ...call, attributes },
    ...(tokenTape !== undefined && { tokenTape }),
  };
  return new SinkTracker(joinOrOpen(runtime, wanted)?.sink);
}

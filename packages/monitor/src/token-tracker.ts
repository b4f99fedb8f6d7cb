import { utf8Length, type DeltaKind, type TokenUsage } from "@nexent/monitor-core";
import { manager } from "./manager.ts";
import type { Attributes } from "./backend/backend.ts";
import { openRecording } from "./observe-call.ts";
import type { CallEnd, Recording } from "./recording.ts";
import { UNKNOWN } from "./span-attributes.ts";
import { endOfThrown } from "./thrown-error.ts";

/** The clock for streams that are read by hand. The first terminal call wins; nothing throws. */
export interface TokenTracker extends Disposable {
  /** Optional: {@link recordToken} stamps it too. */
  recordFirstToken(): void;
  /** One delta. Empty text is not counted; without `count` a chunk is a chunk, not a token. */
  recordToken(text?: string, detail?: { readonly kind?: DeltaKind; readonly count?: number }): void;
  recordCompletion(usage?: TokenUsage): void;
  recordCompletion(inputTokens?: number, outputTokens?: number): void;
  fail(error: unknown): void;
  cancel(reason?: unknown): void;
}

export interface TrackerOptions {
  /** Default `llm_completion`. */
  readonly operation?: string;
  readonly provider?: string;
  readonly attributes?: Attributes;
}

/** Bytes that stand for a delta whose text was not given: the smallest count there is. */
const UNSAID_BYTES = 1;

/** A tracker over a recording; `owned` = its end ends the recording, else it only adds marks to an outer call. */
export class RecordingTracker implements TokenTracker {
  readonly recording: Recording | undefined;
  readonly #owned: boolean;
  #over = false;

  constructor(recording: Recording | undefined, owned: boolean) {
    this.recording = recording;
    this.#owned = owned;
  }

  get isOver(): boolean {
    return this.#over;
  }

  recordFirstToken(): void {
    this.#mark((recording, at) => recording.clock.markFirstToken(at));
  }

  recordToken(text?: string, detail: { readonly kind?: DeltaKind; readonly count?: number } = {}): void {
    if (text === "") return;
    const bytes = typeof text === "string" ? utf8Length(text) : UNSAID_BYTES;
    this.#mark((recording, at) => recording.clock.recordDelta(detail.kind ?? "text", bytes, at, detail.count));
  }

  recordCompletion(first?: TokenUsage | number, outputTokens?: number): void {
    const usage = typeof first === "object" ? first : counts(first, outputTokens);
    if (this.#over || this.recording === undefined) return;
    if (Object.keys(usage).length > 0) this.recording.clock.recordUsage(usage);
    this.#finish({ outcome: "ok" });
  }

  fail(error: unknown): void {
    this.#finish(endOfThrown(error, "call"));
  }

  cancel(): void {
    this.#finish({ outcome: "cancelled" });
  }

  [Symbol.dispose](): void {
    // A block left without a word cannot be told from one that threw.
    this.#finish({ outcome: "error", errorType: "unknown" });
  }

  #mark(record: (recording: Recording, atMicros: number) => void): void {
    const { recording } = this;
    if (this.#over || recording === undefined || recording.ended) return;
    recording.amend({ streaming: true });
    record(recording, recording.micros(performance.now()));
  }

  #finish(end: CallEnd): void {
    if (this.#over) return;
    this.#over = true;
    if (this.#owned) this.recording?.end(end);
  }
}

function counts(inputTokens: number | undefined, outputTokens: number | undefined): TokenUsage {
  return { ...(inputTokens !== undefined && { inputTokens }), ...(outputTokens !== undefined && { outputTokens }) };
}

/**
 * A clock for a hand-written stream. Inside an observed call it adds its marks to that call instead of opening a second
 * record. Off: every method does nothing.
 */
export function createTokenTracker(model: string, options: TrackerOptions = {}): TokenTracker {
  const runtime = manager.runtime();
  if (runtime === undefined) return new RecordingTracker(undefined, false);
  const outer = runtime.started.backend.activeOwner();
  if (outer !== undefined && "clock" in outer) return new RecordingTracker(outer as Recording, false);
  const { operation = "llm_completion", provider = UNKNOWN, attributes } = options;
  const call = { provider, model, operation, streaming: false, clockSource: "iterator" } as const;
  return new RecordingTracker(
    openRecording(runtime, { ...call, ...(attributes !== undefined && { attributes }) }),
    true,
  );
}

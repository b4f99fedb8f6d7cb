/** Marks of one answer -> its timings. The same code runs in the SDK and in the gateway, so both report the same number. */
import { ChunkLog } from "./chunk-log.ts";
import { firstTokenStall, gapsBefore, midStreamStall, quantile, stallsOf, type StallRule } from "./gap-statistics.ts";
import { chunkTokens, countTokens, generationWindow, type TokenCounts } from "./generation-window.ts";
import { ANSWER_KIND_BITS, DELTA_KIND_BIT } from "./providers/provider.ts";
import type { DeltaKind, StreamEvent, TokenUsage, ServerTimings, ProviderFault } from "./providers/provider.ts";
import type { Outcome } from "./model/outcome.ts";
import type { ReasoningVisibility, TokenTimings } from "./model/token-timings.ts";
import { encodeTokenTape } from "./token-tape.ts";

/** Options of one clock. */
export interface TokenClockOptions {
  /** Collect the token tape; default true. */
  readonly tape?: boolean;
  /** Cap of the encoded tape in characters; default 16384. */
  readonly tapeMaxBytes?: number;
  /** Estimate `N` from bytes when no usage came; default true. */
  readonly estimateTokens?: boolean;
  /** Stall rule; defaults 2 s, 10, 60 s. */
  readonly stallMinSeconds?: number;
  readonly stallFactor?: number;
  readonly stallFirstTokenSeconds?: number;
}

/** A stall seen live on a stream that is still open. */
export interface LiveStall {
  readonly phase: "first_token" | "mid_stream";
  readonly sinceMicros: number;
}

/**
 * Marks of one answer -> {@link TokenTimings}. All times are integer microseconds since `t_req`, taken by the caller
 * from a monotonic clock; all events of one body read share one stamp. Not reusable, not thread-safe.
 */
export interface TokenClock {
  /** Response status and headers are visible. Later calls are ignored. */
  markFirstByte(atMicros: number): void;
  /** Feeds one event; the event object is not kept. */
  record(event: StreamEvent, atMicros: number): void;
  /**
   * Hand-written streams (token tracker): one counted delta without a wire format.
   * @param tokens token count of this delta when known.
   */
  recordDelta(kind: DeltaKind, bytes: number, atMicros: number, tokens?: number): void;
  /** Hand-written streams: the first token came now; for callers that do not report every token. Later calls are ignored. */
  markFirstToken(atMicros: number): void;
  /** A usage that came outside the stream (non-streaming body, `recordCompletion`). */
  recordUsage(usage: TokenUsage): void;
  /** The relay paused the upstream at this moment: the gap around it is the client's, not the model's. */
  markPause(atMicros: number): void;
  /** A stall that is open now, at most one; the caller polls with a shared timer. */
  liveStall(nowMicros: number): LiveStall | undefined;
  /** `waiting` before the first counted delta, then `generating`. */
  readonly phase: "waiting" | "generating";
  /** A finish reason was seen: the stream may end `ok`. A terminal marker alone is not a normal end. */
  readonly sawNormalEnd: boolean;
  /** First error event seen inside the stream. */
  readonly fault: ProviderFault | undefined;
  readonly serverTimings: ServerTimings | undefined;
  /** Visits each gap between consecutive counted chunks in seconds, and per-token gaps when `k` is known, for histograms. */
  forEachGap(visit: (gapSeconds: number, tokens: number | undefined) => void): void;
  /** Closes the clock. Idempotent: the first call decides. `endMicros` is absent for `abandoned`. */
  finish(end: { readonly outcome: Outcome; readonly endMicros?: number; readonly streaming: boolean }): TokenTimings;
}

const MICROS = 1_000_000;

interface Firsts {
  byte?: number;
  chunk?: number;
  token?: number;
  answer?: number;
  tool?: number;
}

/** Drops absent members, so that unknown stays absent. */
function present<T extends object>(entries: { readonly [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined)) as T;
}

class MarkingClock implements TokenClock {
  readonly #options: TokenClockOptions;
  readonly #rule: StallRule;
  readonly #chunks = new ChunkLog();
  readonly #firsts: Firsts = {};
  readonly #finishReasons: string[] = [];
  #chunkCount = 0;
  #malformedCount = 0;
  #choiceCount = 0;
  #kindsSeen = 0;
  #usage: TokenUsage | undefined;
  #handCounted = 0;
  #responseModel: string | undefined;
  #responseId: string | undefined;
  #pausedSinceLast = false;
  #fault: ProviderFault | undefined;
  #serverTimings: ServerTimings | undefined;
  #result: TokenTimings | undefined;
  #counts: TokenCounts | undefined;

  constructor(options: TokenClockOptions) {
    this.#options = options;
    this.#rule = {
      minMicros: (options.stallMinSeconds ?? 2) * MICROS,
      factor: options.stallFactor ?? 10,
      firstTokenMicros: (options.stallFirstTokenSeconds ?? 60) * MICROS,
    };
  }

  get phase(): "waiting" | "generating" {
    return this.#chunks.length === 0 ? "waiting" : "generating";
  }

  get sawNormalEnd(): boolean {
    return this.#finishReasons.length > 0;
  }

  get fault(): ProviderFault | undefined {
    return this.#fault;
  }

  get serverTimings(): ServerTimings | undefined {
    return this.#serverTimings;
  }

  markFirstByte(atMicros: number): void {
    this.#firsts.byte ??= atMicros;
  }

  record(event: StreamEvent, atMicros: number): void {
    if (this.#result !== undefined || event.type === "done") return;
    if (event.type === "malformed") {
      this.#malformedCount += 1;
      return;
    }
    if (event.type === "error") this.#fault ??= event.fault ?? { errorType: "stream_error" };
    this.#chunkCount += 1;
    this.#firsts.chunk ??= atMicros;
    if (event.choiceCount > this.#choiceCount) this.#choiceCount = event.choiceCount;
    if (event.usage !== undefined) this.#usage = event.usage;
    if (event.finishReason !== undefined) this.#finishReasons.push(event.finishReason);
    this.#responseModel ??= event.responseModel;
    this.#responseId ??= event.responseId;
    this.#serverTimings = event.serverTimings ?? this.#serverTimings;
    if (event.kinds !== 0)
      this.#count(event.kinds, event.kind ?? "text", event.outputBytes, event.usage?.outputTokens, atMicros);
  }

  recordDelta(kind: DeltaKind, bytes: number, atMicros: number, tokens?: number): void {
    if (this.#result !== undefined || bytes <= 0) return;
    this.#chunkCount += 1;
    this.#firsts.chunk ??= atMicros;
    if (tokens !== undefined) {
      this.#handCounted += tokens;
      this.#usage = { ...this.#usage, outputTokens: this.#handCounted };
    }
    this.#count(DELTA_KIND_BIT[kind], kind, bytes, tokens === undefined ? undefined : this.#handCounted, atMicros);
  }

  markFirstToken(atMicros: number): void {
    if (this.#result !== undefined) return;
    this.#firsts.token ??= atMicros;
    this.#firsts.answer ??= atMicros;
  }

  recordUsage(usage: TokenUsage): void {
    if (this.#result === undefined) this.#usage = { ...this.#usage, ...usage };
  }

  markPause(): void {
    this.#pausedSinceLast = true;
  }

  liveStall(nowMicros: number): LiveStall | undefined {
    if (this.#result !== undefined || this.sawNormalEnd || this.#pausedSinceLast) return undefined;
    const { length } = this.#chunks;
    if (length === 0) {
      return firstTokenStall(nowMicros, this.#rule) === undefined
        ? undefined
        : { phase: "first_token", sinceMicros: 0 };
    }
    const since = this.#chunks.atMicros(length - 1);
    const stall = midStreamStall(this.#chunks, length, nowMicros - since, this.#rule);
    return stall === undefined ? undefined : { phase: "mid_stream", sinceMicros: since };
  }

  forEachGap(visit: (gapSeconds: number, tokens: number | undefined) => void): void {
    const tokensOf = chunkTokens(this.#chunks, this.#counts ?? this.#countTokens());
    for (let i = 1; i < this.#chunks.length; i += 1) {
      if (this.#chunks.afterPause(i)) continue;
      visit((this.#chunks.atMicros(i) - this.#chunks.atMicros(i - 1)) / MICROS, tokensOf(i));
    }
  }

  finish(end: { readonly outcome: Outcome; readonly endMicros?: number; readonly streaming: boolean }): TokenTimings {
    this.#result ??= this.#compute(end);
    return this.#result;
  }

  #count(kinds: number, kind: DeltaKind, bytes: number, cumulativeTokens: number | undefined, atMicros: number): void {
    this.#kindsSeen |= kinds;
    this.#firsts.token ??= atMicros;
    if ((kinds & ANSWER_KIND_BITS) !== 0) this.#firsts.answer ??= atMicros;
    if ((kinds & DELTA_KIND_BIT.tool) !== 0) this.#firsts.tool ??= atMicros;
    this.#chunks.append(atMicros, kind, bytes, cumulativeTokens ?? -1, this.#pausedSinceLast);
    this.#pausedSinceLast = false;
  }

  get #reasoningStreamed(): boolean {
    return (this.#kindsSeen & DELTA_KIND_BIT.reasoning) !== 0;
  }

  #countTokens(): TokenCounts {
    return countTokens(this.#chunks, this.#usage, {
      estimate: this.#options.estimateTokens ?? true,
      reasoningStreamed: this.#reasoningStreamed,
    });
  }

  #visibility(): ReasoningVisibility {
    if (this.#reasoningStreamed) return "streamed";
    return (this.#usage?.reasoningTokens ?? 0) > 0 ? "hidden" : "none";
  }

  #compute(end: { readonly outcome: Outcome; readonly endMicros?: number; readonly streaming: boolean }): TokenTimings {
    const chunks = this.#chunks;
    const counts = this.#countTokens();
    this.#counts = counts;
    const window = end.streaming ? generationWindow(chunks, counts, this.#choiceCount) : {};
    const rate = window.rateTokensPerSecond;
    const gaps = gapsBefore(chunks, end.streaming ? chunks.length : 0);
    const openEnd = this.sawNormalEnd || this.#pausedSinceLast ? undefined : end.endMicros;
    const seconds = (micros: number | undefined): number | undefined =>
      micros === undefined ? undefined : micros / MICROS;
    return present<TokenTimings>({
      firstByteMicros: this.#firsts.byte,
      ...(end.streaming ? this.#streamMarks() : {}),
      endMicros: end.endMicros,
      chunkCount: this.#chunkCount,
      countedChunkCount: chunks.length,
      outputBytes: chunks.totalBytes,
      outputTokens: counts.outputTokens,
      tokenSource: counts.source,
      estimated: counts.estimated,
      usage: this.#usage,
      reasoningVisibility: this.#visibility(),
      firstChunkTokens: window.firstChunkTokens,
      firstChunkTokensSource: window.firstChunkTokensSource,
      generationRateTokensPerSecond: rate,
      timePerOutputTokenSeconds: rate === undefined ? undefined : 1 / rate,
      endToEndRateTokensPerSecond: endToEndRate(counts, end.outcome, end.endMicros),
      gapP50Seconds: seconds(quantile(gaps, 0.5)),
      gapP95Seconds: seconds(quantile(gaps, 0.95)),
      stalls: end.streaming ? stallsOf(chunks, this.#rule, openEnd) : [],
      finishReasons: this.#finishReasons,
      responseModel: this.#responseModel,
      responseId: this.#responseId,
      choiceCount: this.#choiceCount,
      malformedCount: this.#malformedCount,
      tokenTape: end.streaming ? this.#tape(counts) : undefined,
    });
  }

  #streamMarks(): Partial<TokenTimings> {
    const { length } = this.#chunks;
    return present<Partial<TokenTimings>>({
      firstChunkMicros: this.#firsts.chunk,
      firstTokenMicros: this.#firsts.token,
      firstAnswerTokenMicros: this.#firsts.answer,
      firstToolCallMicros: this.#firsts.tool,
      lastTokenMicros: length === 0 ? undefined : this.#chunks.atMicros(length - 1),
    });
  }

  #tape(counts: TokenCounts): string | undefined {
    if (this.#options.tape === false || this.#chunks.length === 0) return undefined;
    const { tapeMaxBytes } = this.#options;
    const entries = this.#chunks.entries(chunkTokens(this.#chunks, counts));
    return encodeTokenTape(entries, tapeMaxBytes === undefined ? {} : { maxCharacters: tapeMaxBytes });
  }
}

function endToEndRate(counts: TokenCounts, outcome: Outcome, endMicros: number | undefined): number | undefined {
  const { outputTokens } = counts;
  if (outcome !== "ok" || outputTokens === undefined || outputTokens === 0 || !endMicros) return undefined;
  return outputTokens / (endMicros / MICROS);
}

/** A clock for one answer; see {@link TokenClock}. */
export function createTokenClock(options: TokenClockOptions = {}): TokenClock {
  return new MarkingClock(options);
}

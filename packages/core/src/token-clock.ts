/** Marks of one answer -> its timings. The same code runs in the SDK and in the gateway, so both report the same number. */
import { ChunkLog } from "./chunk-log.ts";
import { gapsBefore, NO_GAPS, quantileOfSorted, type Gaps } from "./gap-statistics.ts";
import { chunkTokens, chunkTokensKnown, countTokens, generationWindow } from "./generation-window.ts";
import type { ChunkTokens, GenerationWindow, SeenAnswer, TokenCounts } from "./generation-window.ts";
import { ANSWER_KIND_BITS, DELTA_KIND_BIT } from "./providers/provider.ts";
import type { DeltaKind, StreamEvent, TokenUsage, ServerTimings, ProviderFault } from "./providers/provider.ts";
import type { Outcome } from "./model/outcome.ts";
import type { CountedText, ReasoningVisibility, TokenTimings } from "./model/token-timings.ts";
import { isOpenStall, medianBefore, stallsOf, type StallRule } from "./stall-rule.ts";
import { encodeTapeColumns, encodeTextTape } from "./token-tape-encode.ts";
import { UsageTally } from "./usage-tally.ts";

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

/** An answer that is still coming. Absent = not known, or not yet there. Microseconds since `t_req`. */
export interface AnswerProgress {
  readonly firstTokenMicros?: number;
  /** The latest counted chunk. */
  readonly lastTokenMicros?: number;
  /** Output tokens so far: as the stream counts them, else estimated from its bytes. */
  readonly outputTokens?: number;
  readonly estimated: boolean;
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
  /** One counted piece of text of a chunk that said nothing else, as {@link record} would count it. */
  recordText(bytes: number, atMicros: number): void;
  /** Hand-written streams: the first token came now; for callers that do not report every token. Later calls are ignored. */
  markFirstToken(atMicros: number): void;
  /** A usage that came outside the stream (non-streaming body, `recordCompletion`). */
  recordUsage(usage: TokenUsage): void;
  /** The relay paused the upstream at this moment: the gap around it is the client's, not the model's. */
  markPause(atMicros: number): void;
  /** A stall that is open now, at most one; the caller polls with a shared timer. */
  liveStall(nowMicros: number): LiveStall | undefined;
  /** What is known of the answer so far, for views of open calls. */
  progress(): AnswerProgress;
  /** `waiting` before the first counted delta, then `generating`. */
  readonly phase: "waiting" | "generating";
  /** A finish reason was seen: the stream may end `ok`. A terminal marker alone is not a normal end. */
  readonly sawNormalEnd: boolean;
  /** First error event seen inside the stream. */
  readonly fault: ProviderFault | undefined;
  readonly serverTimings: ServerTimings | undefined;
  /** Gaps between consecutive counted chunks in ascending order, once the clock is closed. */
  readonly gapsMicros: Gaps;
  /** Tokens behind each of these gaps: one each, a count that {@link forEachGap} tells, or unknown. */
  readonly gapTokens: ChunkTokens;
  /** Visits each gap between consecutive counted chunks in seconds, and per-token gaps when `k` is known, for histograms. */
  forEachGap(visit: (gapSeconds: number, tokens: number | undefined) => void): void;
  /** Closes the clock. Idempotent: the first call decides. `endMicros` is absent for `abandoned`. */
  finish(end: { readonly outcome: Outcome; readonly endMicros?: number; readonly streaming: boolean }): TokenTimings;
  /** Timings of the closed clock with the tokens a tokenizer counted; a usage of the provider goes before them. */
  recount(counted: CountedText): TokenTimings;
}

const MICROS = 1_000_000;
/** How a tape says that a chunk's tokens are not known. */
const UNKNOWN_TOKENS = -1;

/** How a stream ended. */
type End = Parameters<TokenClock["finish"]>[0];

/** Members are there from the start, so that marking changes no shape. */
interface Firsts {
  byte: number | undefined;
  chunk: number | undefined;
  token: number | undefined;
  answer: number | undefined;
  tool: number | undefined;
}

function noMarks(): Firsts {
  return { byte: undefined, chunk: undefined, token: undefined, answer: undefined, tool: undefined };
}

/** Timings being collected. */
type Draft = { -readonly [K in keyof TokenTimings]: TokenTimings[K] };

/** What follows from all marks together; computed once. */
interface Totals {
  readonly counts: TokenCounts;
  readonly window: GenerationWindow;
  readonly gapTokens: ChunkTokens;
  readonly tokensOf: (entry: number) => number | undefined;
}

function gapTokensOf(seen: SeenAnswer, counts: TokenCounts, { perToken }: GenerationWindow): ChunkTokens {
  const known = perToken ? chunkTokensKnown(seen, counts) : "unknown";
  // With a reasoning summary the gaps before the window are no token's.
  return known === "one" && seen.windowStart > 0 ? "counted" : known;
}

class MarkingClock implements TokenClock {
  readonly #options: TokenClockOptions;
  readonly #rule: StallRule;
  readonly #chunks = new ChunkLog();
  readonly #firsts = noMarks();
  readonly #tally = new UsageTally();
  readonly #finishReasons: string[] = [];
  #finishMicros: number | undefined;
  #chunkCount = 0;
  #malformedCount = 0;
  #choiceCount = 0;
  #kindsSeen = 0;
  /** First entry that is more than reasoning; -1 = none yet. */
  #firstBeyondReasoning = -1;
  #reasoningSummarised = false;
  #reasoningRedacted = false;
  #handTokens = 0;
  /** A hand-written delta came without a count: their sum is no count of the answer. */
  #handGap = false;
  #responseModel: string | undefined;
  #responseId: string | undefined;
  #pausedSinceLast = false;
  #fault: ProviderFault | undefined;
  #serverTimings: ServerTimings | undefined;
  #openMedianAt = -1;
  #openMedian: number | undefined;
  #totals: Totals | undefined;
  #end: End | undefined;
  #counted: CountedText | undefined;
  #gapsMicros: Gaps = NO_GAPS;
  #result: TokenTimings | undefined;

  constructor(options: TokenClockOptions) {
    this.#options = options;
    this.#rule = {
      minMicros: (options.stallMinSeconds ?? 2) * MICROS,
      factor: options.stallFactor ?? 10,
      firstTokenMicros: (options.stallFirstTokenSeconds ?? 60) * MICROS,
    };
  }

  get phase(): "waiting" | "generating" {
    return this.#firsts.token === undefined ? "waiting" : "generating";
  }

  get sawNormalEnd(): boolean {
    return this.#finishMicros !== undefined;
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
    if (event.choiceCount > this.#choiceCount) this.#choiceCount = event.choiceCount;
    if (event.usage !== undefined) this.#tally.take(event.usage);
    this.#responseModel ??= event.responseModel;
    this.#responseId ??= event.responseId;
    if (event.serverTimings !== undefined) this.#serverTimings = event.serverTimings;
    if (event.reasoningForm === "summary") this.#reasoningSummarised = true;
    else if (event.reasoningForm === "redacted") this.#reasoningRedacted = true;
    // An error event is no chunk: a client library throws it, so nobody could have seen it as one.
    if (event.type === "chunk" || event.kinds !== 0) this.#markChunk(atMicros);
    if (event.type === "chunk" && event.finishReason !== undefined) this.#markFinish(event.finishReason, atMicros);
    if (event.kinds === 0) return;
    this.#count(event.kinds, event.kind ?? "text", event.outputBytes, event.usage?.outputTokens ?? -1, atMicros);
  }

  recordDelta(kind: DeltaKind, bytes: number, atMicros: number, tokens?: number): void {
    if (this.#result !== undefined || !(bytes > 0)) return;
    this.#markChunk(atMicros);
    const counted = tokens !== undefined && Number.isSafeInteger(tokens) && tokens >= 0;
    if (counted) this.#handTokens += tokens;
    else this.#handGap = true;
    this.#count(DELTA_KIND_BIT[kind], kind, bytes, counted ? this.#handTokens : -1, atMicros);
  }

  recordText(bytes: number, atMicros: number): void {
    if (this.#result !== undefined) return;
    if ((this.#kindsSeen & DELTA_KIND_BIT.text) !== 0) {
      // Whatever comes first has come.
      this.#chunkCount += 1;
      this.#chunks.append(atMicros, "text", bytes, -1, this.#pausedSinceLast);
      this.#pausedSinceLast = false;
    } else {
      this.#markChunk(atMicros);
      this.#count(DELTA_KIND_BIT.text, "text", bytes, -1, atMicros);
    }
  }

  markFirstToken(atMicros: number): void {
    if (this.#result !== undefined) return;
    this.#firsts.token ??= atMicros;
    this.#firsts.answer ??= atMicros;
  }

  recordUsage(usage: TokenUsage): void {
    if (this.#result === undefined) this.#tally.take(usage);
  }

  markPause(): void {
    this.#pausedSinceLast = true;
  }

  liveStall(nowMicros: number): LiveStall | undefined {
    if (this.#result !== undefined || this.sawNormalEnd || this.#pausedSinceLast) return undefined;
    if (this.phase === "waiting") {
      return nowMicros < this.#rule.firstTokenMicros ? undefined : { phase: "first_token", sinceMicros: 0 };
    }
    const { length } = this.#chunks;
    if (length === 0) return undefined;
    const sinceMicros = this.#chunks.atMicros(length - 1);
    const stalled = isOpenStall(nowMicros - sinceMicros, this.#rule, () => this.#medianSoFar());
    return stalled ? { phase: "mid_stream", sinceMicros } : undefined;
  }

  progress(): AnswerProgress {
    const { token } = this.#firsts;
    const { length } = this.#chunks;
    const { outputTokens, estimated } = countTokens(this.#seen(this.#options.estimateTokens ?? true));
    return {
      estimated,
      ...(token !== undefined && { firstTokenMicros: token }),
      ...(length > 0 && { lastTokenMicros: this.#chunks.atMicros(length - 1) }),
      ...(outputTokens !== undefined && { outputTokens }),
    };
  }

  get gapsMicros(): Gaps {
    return this.#gapsMicros;
  }

  get gapTokens(): ChunkTokens {
    return (this.#totals ?? this.#total(true)).gapTokens;
  }

  forEachGap(visit: (gapSeconds: number, tokens: number | undefined) => void): void {
    const { window, tokensOf } = this.#totals ?? this.#total(true);
    for (let i = 1; i < this.#chunks.length; i += 1) {
      const gap = this.#chunks.gapMicros(i);
      if (gap !== undefined) visit(gap / MICROS, window.perToken ? tokensOf(i) : undefined);
    }
  }

  finish(end: End): TokenTimings {
    this.#end ??= end;
    this.#result ??= this.#compute(this.#end);
    return this.#result;
  }

  recount(counted: CountedText): TokenTimings {
    if (this.#end === undefined) throw new Error("a clock is recounted after its end");
    this.#counted = counted;
    this.#result = this.#compute(this.#end);
    return this.#result;
  }

  #markChunk(atMicros: number): void {
    this.#chunkCount += 1;
    this.#firsts.chunk ??= atMicros;
  }

  /** One reason per choice: some servers repeat it on the usage chunk. */
  #markFinish(reason: string, atMicros: number): void {
    this.#finishMicros ??= atMicros;
    if (this.#finishReasons.length < Math.max(1, this.#choiceCount)) this.#finishReasons.push(reason);
  }

  #count(kinds: number, kind: DeltaKind, bytes: number, cumulativeTokens: number, atMicros: number): void {
    this.#kindsSeen |= kinds;
    this.#firsts.token ??= atMicros;
    if ((kinds & ANSWER_KIND_BITS) !== 0) this.#firsts.answer ??= atMicros;
    if ((kinds & DELTA_KIND_BIT.tool) !== 0) this.#firsts.tool ??= atMicros;
    this.#chunks.append(atMicros, kind, bytes, cumulativeTokens, this.#pausedSinceLast);
    this.#pausedSinceLast = false;
    if (this.#firstBeyondReasoning < 0 && kinds !== DELTA_KIND_BIT.reasoning) {
      this.#firstBeyondReasoning = this.#chunks.length - 1;
      this.#chunks.mark();
    }
  }

  /** Sorted once per silence, however often it is looked at. */
  #medianSoFar(): number | undefined {
    const { countedChunks, length } = this.#chunks;
    if (this.#openMedianAt !== countedChunks) {
      this.#openMedianAt = countedChunks;
      this.#openMedian = medianBefore(this.#chunks, length);
    }
    return this.#openMedian;
  }

  get #visibility(): ReasoningVisibility {
    if ((this.#kindsSeen & DELTA_KIND_BIT.reasoning) !== 0) return this.#reasoningSummarised ? "summary" : "streamed";
    // A count of 0 is better evidence than an empty reasoning item.
    return (this.#tally.usage?.reasoningTokens ?? (this.#reasoningRedacted ? 1 : 0)) > 0 ? "hidden" : "none";
  }

  #seen(estimate: boolean): SeenAnswer {
    const { length } = this.#chunks;
    const reasoningVisibility = this.#visibility;
    const answerStart = this.#firstBeyondReasoning < 0 ? length : this.#firstBeyondReasoning;
    return {
      chunks: this.#chunks,
      windowStart: reasoningVisibility === "summary" ? answerStart : 0,
      usage: this.#tally.usage,
      usageFell: this.#tally.fell,
      reasoningVisibility,
      reasoningWithheld: reasoningVisibility === "summary" || this.#reasoningRedacted,
      estimate,
      ...(this.#counted !== undefined && { counted: this.#counted }),
    };
  }

  #total(streaming: boolean, abandoned = false): Totals {
    // Whoever left an answer unread cannot be told how long it became.
    const seen = this.#seen(!abandoned && (this.#options.estimateTokens ?? true));
    const counts = countTokens(seen);
    const window = streaming ? generationWindow(seen, counts, this.#choiceCount) : { perToken: false };
    return { counts, window, gapTokens: gapTokensOf(seen, counts, window), tokensOf: chunkTokens(seen, counts) };
  }

  #compute({ outcome, endMicros, streaming }: End): TokenTimings {
    if (this.#handTokens > 0 && !this.#handGap && this.#tally.usage?.outputTokens === undefined) {
      this.#tally.take({ outputTokens: this.#handTokens });
    }
    const abandoned = outcome === "abandoned";
    const totals = this.#total(streaming, abandoned);
    this.#totals = totals;
    const gaps = gapsBefore(this.#chunks, this.#chunks.length).sort();
    this.#gapsMicros = gaps;
    const { counts } = totals;
    const timings: Draft = {
      chunkCount: this.#chunkCount,
      countedChunkCount: this.#chunks.countedChunks,
      outputBytes: this.#chunks.bytesFrom(0),
      estimated: counts.estimated,
      reasoningVisibility: this.#visibility,
      stalls: streaming ? this.#stalls(endMicros) : [],
      finishReasons: this.#finishReasons,
      choiceCount: this.#choiceCount,
      malformedCount: this.#malformedCount,
    };
    if (endMicros !== undefined) timings.endMicros = endMicros;
    this.#tellAnswer(timings, totals, outcome);
    if (streaming) this.#tellStream(timings, totals, gaps);
    const rate = abandoned ? undefined : totals.window.rateTokensPerSecond;
    if (rate !== undefined) {
      timings.generationRateTokensPerSecond = rate;
      timings.timePerOutputTokenSeconds = 1 / rate;
    }
    return timings;
  }

  // Member by member: what is unknown stays absent, and each line keeps to one member, which an engine likes best.
  #tellAnswer(timings: Draft, { counts, window }: Totals, outcome: Outcome): void {
    const { usage } = this.#tally;
    const endToEnd = outcome === "ok" ? endToEndRate(counts.outputTokens, timings.endMicros) : undefined;
    if (this.#firsts.byte !== undefined) timings.firstByteMicros = this.#firsts.byte;
    if (this.#responseModel !== undefined) timings.responseModel = this.#responseModel;
    if (this.#responseId !== undefined) timings.responseId = this.#responseId;
    if (usage !== undefined) timings.usage = usage;
    if (counts.outputTokens !== undefined) timings.outputTokens = counts.outputTokens;
    if (counts.source !== undefined) timings.tokenSource = counts.source;
    if (endToEnd !== undefined) timings.endToEndRateTokensPerSecond = endToEnd;
    if (window.firstChunkTokens !== undefined) timings.firstChunkTokens = window.firstChunkTokens;
    if (window.firstChunkTokensSource !== undefined) timings.firstChunkTokensSource = window.firstChunkTokensSource;
  }

  #tellStream(timings: Draft, totals: Totals, gaps: Gaps): void {
    const { chunk, token, answer, tool } = this.#firsts;
    const { length } = this.#chunks;
    if (chunk !== undefined) timings.firstChunkMicros = chunk;
    if (token !== undefined) timings.firstTokenMicros = token;
    if (answer !== undefined) timings.firstAnswerTokenMicros = answer;
    if (tool !== undefined) timings.firstToolCallMicros = tool;
    if (length > 0) timings.lastTokenMicros = this.#chunks.atMicros(length - 1);
    const [median, p95] = [quantileOfSorted(gaps, 0.5), quantileOfSorted(gaps, 0.95)];
    if (median !== undefined) timings.gapP50Seconds = median / MICROS;
    if (p95 !== undefined) timings.gapP95Seconds = p95 / MICROS;
    const tokenTape = this.#tape(totals);
    if (tokenTape !== undefined) timings.tokenTape = tokenTape;
  }

  #stalls(endMicros: number | undefined): TokenTimings["stalls"] {
    // What was seen live as a stall stays one, also when no token but the finish reason or the end broke the silence.
    const silenceEndMicros = this.#pausedSinceLast ? undefined : (this.#finishMicros ?? endMicros);
    const firstWaitMicros = this.#chunks.pausedBeforeFirst ? undefined : (this.#firsts.token ?? silenceEndMicros);
    return stallsOf({ chunks: this.#chunks, firstWaitMicros, trailingEndMicros: silenceEndMicros }, this.#rule);
  }

  #tape({ tokensOf, gapTokens }: Totals): string | undefined {
    const { length } = this.#chunks;
    if (this.#options.tape === false || length === 0) return undefined;
    const { isFolded, stamps } = this.#chunks;
    const { tapeMaxBytes } = this.#options;
    const cap = tapeMaxBytes === undefined ? {} : { maxCharacters: tapeMaxBytes };
    const isPlain = gapTokens === "one" && !isFolded && this.#kindsSeen === DELTA_KIND_BIT.text;
    const plain = isPlain ? encodeTextTape(stamps, cap) : undefined;
    if (plain !== undefined) return plain;
    const tokens = new Float64Array(length);
    for (let i = 0; i < length; i += 1) tokens[i] = tokensOf(i) ?? UNKNOWN_TOKENS;
    const columns = { length, atMicros: stamps, kinds: this.#chunks.kinds, tokens };
    return encodeTapeColumns(columns, { merged: isFolded, ...cap });
  }
}

function endToEndRate(outputTokens: number | undefined, endMicros: number | undefined): number | undefined {
  if (outputTokens === undefined || outputTokens === 0 || endMicros === undefined || endMicros <= 0) return undefined;
  return outputTokens / (endMicros / MICROS);
}

/** A clock for one answer; see {@link TokenClock}. */
export function createTokenClock(options: TokenClockOptions = {}): TokenClock {
  return new MarkingClock(options);
}

/**
 * The contract between a wire format and the token clock: bytes (or parsed chunks) in, {@link StreamEvent}s out.
 * One file per format implements {@link Provider}; nothing else in the product knows a provider's field names.
 */
import type { ErrorType } from "../model/outcome.ts";

/** What a piece of output is. `audio` stands for audio and images; `text`, `refusal` and `audio` are visible answer. */
export type DeltaKind = "text" | "reasoning" | "tool" | "refusal" | "audio";

/** Bit of each kind in {@link StreamEvent.kinds}, so that one chunk can hold several kinds without an allocation. */
export const DELTA_KIND_BIT: Readonly<Record<DeltaKind, number>> = {
  text: 1,
  reasoning: 2,
  tool: 4,
  refusal: 8,
  audio: 16,
};

/** Kinds a reader sees as the answer; the first of them is the "first answer token". */
export const ANSWER_KIND_BITS = DELTA_KIND_BIT.text | DELTA_KIND_BIT.refusal | DELTA_KIND_BIT.audio;

/**
 * Token counts as the provider reported them, normalised (measurement contract 3.1): `inputTokens` includes cache reads
 * and writes, `outputTokens` includes reasoning. A count the provider did not send is absent, never 0.
 */
export interface TokenUsage {
  readonly inputTokens?: number;
  /**
   * Input that went through no cache, from a chunk that does not say how much did: all input is this and the cache
   * counts of earlier chunks. Only in events.
   */
  readonly uncachedInputTokens?: number;
  readonly outputTokens?: number;
  readonly cacheReadTokens?: number;
  readonly cacheWriteTokens?: number;
  readonly reasoningTokens?: number;
  readonly rejectedPredictionTokens?: number;
  /** Subsets of input and output. */
  readonly audioInputTokens?: number;
  readonly audioOutputTokens?: number;
}

/** What an inference server says of one kind of its output (measurement contract 3.5); seconds and tokens/s. */
export interface ServerPhaseTimings {
  readonly tokenCount?: number;
  /** From the moment the request was scheduled, for both kinds. */
  readonly timeToFirstTokenSeconds?: number;
  readonly decodeSeconds?: number;
  /** Mean time between two tokens. */
  readonly interTokenSeconds?: number;
  readonly decodeRateTokensPerSecond?: number;
}

/** Timings the inference server reported in its answer; seconds and tokens/s. They never replace our own marks. */
export interface ServerTimings {
  /** Waiting to be scheduled. */
  readonly queueSeconds?: number;
  /** Loading the model. */
  readonly loadSeconds?: number;
  /** Reading the prompt; vLLM: from being scheduled to the first token. */
  readonly prefillSeconds?: number;
  readonly decodeSeconds?: number;
  /** The whole request as the server saw it. */
  readonly totalSeconds?: number;
  /** Mean time between two tokens. */
  readonly interTokenSeconds?: number;
  readonly decodeRateTokensPerSecond?: number;
  /** Prefill included: not comparable with the generation rate. */
  readonly endToEndRateTokensPerSecond?: number;
  /** vLLM with output token metrics. */
  readonly reasoning?: ServerPhaseTimings;
  readonly content?: ServerPhaseTimings;
  /** Tokens that are neither reasoning nor content: markers and control tokens. */
  readonly unclassifiedTokenCount?: number;
}

/** An error the provider reported inside the stream or in a body. */
export interface ProviderFault {
  readonly errorType: ErrorType;
  /** Raw provider code or type, for the span attribute `llm.error.code` only. */
  readonly code?: string;
}

/**
 * One thing a stream said. Parsers reuse ONE object for all events of a stream: a sink copies what it keeps.
 * - `chunk`: a parsed data event; counted when `kinds` is not 0. May also carry usage, finish reason, model, timings.
 * - `done`: the format's terminal marker (`[DONE]`), no fields.
 * - `error`: an error event under status 200; `fault` is set.
 * - `malformed`: a frame that is not the provider's format; counted, never thrown.
 */
export interface StreamEvent {
  type: "chunk" | "done" | "error" | "malformed";
  /** Bit set of {@link DELTA_KIND_BIT} of the counted deltas; 0 = not counted (role-only, empty, usage-only). */
  kinds: number;
  /** Kind of the first counted delta. */
  kind: DeltaKind | undefined;
  /** UTF-8 bytes of all counted deltas of this chunk. */
  outputBytes: number;
  /**
   * What this chunk says about reasoning that is not streamed in full. `summary`: its reasoning deltas, or all that will
   * come, are a summary. `redacted`: the model reasons, and something else than its text stands for it (an encrypted
   * block, a signature, an empty item). Undefined: reasoning deltas, if any, are the reasoning itself.
   */
  reasoningForm: "summary" | "redacted" | undefined;
  /** Highest choice index seen in this chunk + 1; 0 without choices. */
  choiceCount: number;
  finishReason: string | undefined;
  /** Cumulative usage as of this chunk, when the chunk carries it. */
  usage: TokenUsage | undefined;
  responseModel: string | undefined;
  responseId: string | undefined;
  fault: ProviderFault | undefined;
  serverTimings: ServerTimings | undefined;
  /** Set by whoever owns the event and wants the text of every counted delta; no reset touches it. */
  onText: ((kind: DeltaKind, text: string) => void) | undefined;
}

/** A fresh event with nothing in it; the unit that parsers reuse. */
export function emptyStreamEvent(): StreamEvent {
  return {
    type: "chunk",
    kinds: 0,
    kind: undefined,
    outputBytes: 0,
    reasoningForm: undefined,
    choiceCount: 0,
    finishReason: undefined,
    usage: undefined,
    responseModel: undefined,
    responseId: undefined,
    fault: undefined,
    serverTimings: undefined,
    onText: undefined,
  };
}

/** Empties `event` for the next chunk. */
export function resetStreamEvent(event: StreamEvent): void {
  event.type = "chunk";
  event.kinds = 0;
  event.kind = undefined;
  event.outputBytes = 0;
  event.reasoningForm = undefined;
  event.choiceCount = 0;
  event.finishReason = undefined;
  event.usage = undefined;
  event.responseModel = undefined;
  event.responseId = undefined;
  event.fault = undefined;
  event.serverTimings = undefined;
}

/** Receives events; the event object is only valid during the call. */
export type StreamEventSink = (event: StreamEvent) => void;

/** Turns the bytes of one answer into events. A chunk boundary may fall anywhere, also inside a UTF-8 sequence. */
export interface StreamParser {
  /** Feeds one body read; calls the sink for each complete event. Never throws on bad input. */
  push(bytes: Uint8Array, sink: StreamEventSink): void;
  /** End of body: flushes a last event that had no separator. */
  end(sink: StreamEventSink): void;
}

/** What a request body says about the call; absent when the body does not say it. */
export interface RequestReading {
  readonly model?: string;
  readonly stream: boolean;
  /** Requested number of choices (`n`). */
  readonly choiceCount?: number;
  /** Standard `gen_ai.request.*` parameters that were given (never content). */
  readonly parameters: Readonly<Record<string, string | number | boolean | readonly string[]>>;
}

/** What a non-streaming answer says. */
export interface ResponseReading {
  readonly responseModel?: string;
  readonly responseId?: string;
  readonly finishReasons: readonly string[];
  readonly usage?: TokenUsage;
  readonly fault?: ProviderFault;
  readonly serverTimings?: ServerTimings;
  /** UTF-8 bytes of the generated output, for the token estimate. */
  readonly outputBytes: number;
  readonly choiceCount: number;
}

/** One wire format. Stateless; all state lives in the parsers it creates. */
export interface Provider {
  /** Stable id of the format, e.g. `openai-chat`. */
  readonly format: string;
  /** A parser for the bytes of one streamed answer. */
  createStreamParser(): StreamParser;
  /**
   * Reads a chunk that a client library has already parsed, into `event` (which is reset first).
   * @returns false when `value` is not a chunk of this format; `event` is then not valid.
   */
  readChunk(value: unknown, event: StreamEvent): boolean;
  /**
   * A cheaper reading of a parsed chunk, for the chunks that most streams consist of.
   * @returns the text of a chunk that says one piece of text of the only choice and nothing else, its model and id aside;
   * undefined for any other: read that with {@link readChunk}.
   */
  readText?(value: unknown): string | undefined;
  /** Reads a parsed request body; unknown shapes give `{ stream: false, parameters: {} }`. */
  readRequest(body: unknown): RequestReading;
  /** Reads a parsed non-streaming answer, error bodies included. `undefined` when it is not of this format. */
  readResponse(body: unknown): ResponseReading | undefined;
  /** Whether the stream ended normally: the finish reason was seen (measurement contract 3.2). */
  readonly normalEnd: "finish_reason" | "done_marker";
}

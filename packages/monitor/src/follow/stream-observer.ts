/** Watches one stream element by element, whatever kind of stream it is. Nothing here throws into the host. */
import {
  ATTR,
  emptyStreamEvent,
  utf8Length,
  type DeltaKind,
  type Provider,
  type StreamEvent,
  type StreamParser,
  type TokenClock,
} from "@nexent/monitor-core";
import type { AbandonWatch, Unread } from "./abandon-watch.ts";
import type { Followed } from "./followed.ts";
import { createSniffingParser, formatOfChunk } from "./format-detector.ts";
import type { CallSink } from "../recording/call-sink.ts";
import type { CallEnd } from "../recording/recording.ts";
import { endOfAbort, endOfThrown } from "../recording/thrown-error.ts";

/** What a stream element of unknown shape holds: `undefined` = nothing counted. */
export type Classify = (
  value: unknown,
) => { readonly kind?: DeltaKind; readonly text: string; readonly tokens?: number } | undefined;

/** After so many elements of no format a stream is of none. */
const FORMAT_LOOKS = 16;

const STREAMS = { streaming: true } as const;

/** Whether a wait for the consumer is too short to matter for what was measured in this time. */
function isShort(waitMs: number, micros: number): boolean {
  return waitMs <= Math.max(2, (micros / 1000) * 0.01);
}

export class StreamObserver implements Unread {
  // One by one: a copy of the options has a layout of its own for every stream, which makes each look at it slow.
  readonly #sink: CallSink;
  readonly #watch: AbandonWatch;
  readonly #classify: Classify | undefined;
  readonly #callerSignal: AbortSignal | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #isBody: boolean;
  /** Whether the format was told before any element was seen. */
  readonly #isOfProvider: boolean;
  // The global of this name is a getter; twice per element that is a fifth of the clock's price.
  readonly #time = performance;
  readonly #event: StreamEvent = emptyStreamEvent();
  /** The format of the elements; undefined as long as none has told it. */
  #provider: Provider | undefined;
  /** Elements that may still tell it. */
  #looksLeft = FORMAT_LOOKS;
  #parser: StreamParser | undefined;
  /** The stream speaks a format that says how it ends, so that a quiet end without it is an interruption. */
  #expectsEnd: boolean;
  #sawFormat = false;
  /** Knows by an element read in full what all of them repeat: the answer's model and id, and that it has choices. */
  #namedClock: TokenClock | undefined;
  #readMicros = 0;
  #readCounted = false;
  // One closure for the stream, none per read.
  readonly #onEvent = (event: StreamEvent): void => {
    this.#sawFormat ||= event.type !== "malformed";
    this.#readCounted ||= event.kinds !== 0;
    this.#sink.clock.record(event, this.#readMicros);
  };
  /** Always a number, so that an element costs no allocation; it counts while nobody waits. */
  #idleSinceMs = this.#time.now();
  #awaited = false;
  /** How long the consumer has let us wait, and had at the first and the last counted element. */
  #waitMs = 0;
  #firstWaitMs = 0;
  #lastWaitMs = 0;
  #firstMicros = -1;
  #lastMicros = -1;

  /**
   * @param target the stream; it must not be reachable from the observer, or it could never be collected.
   * @param signal set for the stream of a client library: its abort signal (an aborted stream may end quietly).
   */
  constructor(call: Omit<Followed, "inside">, target: object, signal?: AbortSignal) {
    const { sink, watch } = call;
    this.#sink = sink;
    this.#watch = watch;
    this.#classify = call.classify;
    this.#callerSignal = call.callerSignal;
    this.#signal = signal;
    this.#isBody = call.isBody === true;
    this.#isOfProvider = call.provider !== undefined;
    this.#provider = call.provider;
    // A client's stream that ends without a single element has not ended normally.
    this.#expectsEnd = signal !== undefined;
    sink.amend(STREAMS);
    if (sink.text !== undefined) this.#event.onText = (kind, text): void => this.#sink.text?.add(kind, text);
    watch.watch(this, target);
  }

  get idleSinceMs(): number | undefined {
    return this.#awaited ? undefined : this.#idleSinceMs;
  }

  /** Reading goes on through `iterator`, which outlives the stream it came from. */
  readThrough(iterator: object): void {
    this.#watch.move(this, iterator);
  }

  /** The consumer asks for the next element. */
  asked(): void {
    const wasAwaited = this.#awaited;
    this.#awaited = true;
    if (!wasAwaited) this.#waitMs += this.#time.now() - this.#idleSinceMs;
  }

  /** An element has come. */
  element(value: unknown): void {
    const nowMs = this.#time.now();
    this.#idleSinceMs = nowMs;
    this.#awaited = false;
    const sink = this.#sink;
    if (sink.ended) return;
    try {
      // All elements decoded from one read of the body share its stamp (measurement contract 1.2).
      const atMicros = sink.micros(sink.readAtMs ?? nowMs);
      if (this.#record(value, atMicros)) this.#counted(atMicros);
    } catch {
      // A hostile element or classifier: it counts for nothing, the host gets it all the same.
    }
  }

  /** The stream ended by itself. */
  done(): void {
    this.#flush();
    this.#end(this.#quietEnd());
  }

  /** The stream threw. */
  threw(error: unknown): void {
    const end = endOfThrown(error, "stream", this.#callerSignal);
    // What the stream of a client throws for no reason of its own, the provider has said.
    const isTold = this.#isOfProvider && end.errorType === "application";
    this.#end(isTold ? { ...end, errorType: "stream_error" } : end);
  }

  /** The consumer left. After the finish reason the answer was complete; after an error event that was the cause. */
  left(): void {
    const outcome = this.#sink.clock.sawNormalEnd ? "ok" : "cancelled";
    this.#end(this.#fault() ?? { outcome });
  }

  abandon(): void {
    this.#end({ outcome: "abandoned" });
  }

  /** The stream cannot be watched (frozen): only the duration up to here is known. */
  giveUp(): void {
    this.#watch.forget(this);
    this.#sink.amend({ streaming: false });
    this.#sink.end({ outcome: "ok" });
  }

  /** Feeds the clock; true when something was counted. */
  #record(value: unknown, atMicros: number): boolean {
    if (this.#sink.clock === this.#namedClock) {
      const text = this.#provider?.readText?.(value);
      if (text !== undefined) return this.#text(text, atMicros);
    }
    const classify = this.#classify;
    if (classify !== undefined) {
      const found = classify(value);
      return found !== undefined && this.#delta(found.kind ?? "text", found.text, atMicros, found.tokens);
    }
    if (typeof value === "string") return this.#delta("text", value, atMicros);
    if (value instanceof Uint8Array) return this.#bytes(value, atMicros);
    if (!this.#read(value)) return this.#noFormat();
    this.#sawFormat = true;
    this.#sink.clock.record(this.#event, atMicros);
    const { usage, choiceCount, responseModel, responseId } = this.#event;
    // The provider has counted: nobody will have to.
    if (usage?.outputTokens !== undefined) this.#sink.text?.drop();
    if (choiceCount > 0 && responseModel !== undefined && responseId !== undefined) this.#namedClock = this.#sink.clock;
    return this.#event.kinds !== 0;
  }

  /** A piece of text of an answer that is known by name: nothing else is to be learned from its chunk. */
  #text(text: string, atMicros: number): true {
    this.#sink.clock.recordText(utf8Length(text), atMicros);
    this.#sink.text?.add("text", text);
    return true;
  }

  /** Reads an element; the first that is of a format decides for all. */
  #read(value: unknown): boolean {
    if (this.#provider !== undefined) return this.#provider.readChunk(value, this.#event);
    if (this.#looksLeft === 0) return false;
    this.#looksLeft -= 1;
    const found = formatOfChunk(value, this.#event);
    // Formats differ least in how they say an error.
    if (this.#event.type !== "error") this.#provider = found;
    return found !== undefined;
  }

  #counted(atMicros: number): void {
    if (this.#firstMicros < 0) {
      this.#firstMicros = atMicros;
      this.#firstWaitMs = this.#waitMs;
    }
    this.#lastMicros = atMicros;
    this.#lastWaitMs = this.#waitMs;
  }

  #delta(kind: DeltaKind, text: string, atMicros: number, tokens?: number): boolean {
    this.#noFormat();
    if (text === "") return false;
    this.#sink.clock.recordDelta(kind, utf8Length(text), atMicros, tokens);
    this.#sink.text?.add(kind, text);
    return true;
  }

  #bytes(bytes: Uint8Array, atMicros: number): boolean {
    this.#readMicros = atMicros;
    this.#readCounted = false;
    // Bytes are measured without becoming text.
    this.#sink.text?.drop();
    this.#sink.content?.bytes(bytes, this.#provider);
    this.#parser ??= this.#provider?.createStreamParser() ?? createSniffingParser(this.#event);
    this.#parser.push(bytes, this.#onEvent);
    return this.#readCounted;
  }

  /** Elements of another kind say that no end of the format is due. */
  #noFormat(): false {
    this.#expectsEnd = false;
    return false;
  }

  /** A last event may lack its separator. */
  #flush(): void {
    try {
      if (!this.#sink.ended) this.#parser?.end(this.#onEvent);
    } catch {
      // It counts for nothing.
    }
  }

  #quietEnd(): CallEnd {
    const [signal, callerSignal] = [this.#signal, this.#callerSignal];
    const { sawNormalEnd } = this.#sink.clock;
    // The client's own signal does not pass the caller's reason on.
    if (signal?.aborted === true && !sawNormalEnd)
      return endOfAbort(callerSignal?.aborted === true ? callerSignal.reason : signal.reason);
    const fault = this.#fault();
    if (fault !== undefined) return fault;
    if ((this.#expectsEnd || this.#sawFormat) && !sawNormalEnd)
      return { outcome: "error", errorType: "stream_interrupted" };
    return { outcome: "ok" };
  }

  /** What the provider said went wrong inside the stream. */
  #fault(): CallEnd | undefined {
    const { fault } = this.#sink.clock;
    if (fault === undefined) return undefined;
    const { errorType, code } = fault;
    return { outcome: "error", errorType, ...(code !== undefined && { errorCode: code }) };
  }

  #end(end: CallEnd): void {
    const sink = this.#sink;
    this.#watch.forget(this);
    if (sink.ended) return;
    const windowWaitMs = this.#lastWaitMs - this.#firstWaitMs;
    if (windowWaitMs > 0) sink.amend({ attributes: { [ATTR.llmConsumerWaitSeconds]: windowWaitMs / 1000 } });
    const tapped = this.#isBody || sink.readAtMs !== undefined;
    if (tapped && this.#consumerKeptUp(windowWaitMs)) sink.amend({ clockSource: "wire" });
    sink.end(end);
  }

  /** Body reads are pulled: whoever asks late makes them resolve late, and then they are not the times of the wire. */
  #consumerKeptUp(windowWaitMs: number): boolean {
    return isShort(this.#firstWaitMs, this.#firstMicros) && isShort(windowWaitMs, this.#lastMicros - this.#firstMicros);
  }
}

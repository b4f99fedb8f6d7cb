/** Watches one stream element by element, whatever kind of stream it is. Nothing here throws into the host. */
import {
  ATTR,
  emptyStreamEvent,
  utf8Length,
  type DeltaKind,
  type Provider,
  type StreamEvent,
  type StreamParser,
} from "@nexent/monitor-core";
import type { Unread } from "./abandon-watch.ts";
import type { Followed } from "./followed.ts";
import { createSniffingParser, formatOfChunk } from "./format-detector.ts";
import type { CallEnd } from "../recording/recording.ts";
import { endOfAbort, endOfThrown } from "../recording/thrown-error.ts";

/** What a stream element of unknown shape holds: `undefined` = nothing counted. */
export type Classify = (
  value: unknown,
) => { readonly kind?: DeltaKind; readonly text: string; readonly tokens?: number } | undefined;

/** After so many elements of no format a stream is of none. */
const FORMAT_LOOKS = 16;

/** Whether a wait for the consumer is too short to matter for what was measured in this time. */
function isShort(waitMs: number, micros: number): boolean {
  return waitMs <= Math.max(2, (micros / 1000) * 0.01);
}

export interface StreamObserverOptions extends Omit<Followed, "inside"> {
  /** Set for the stream of a client library: its abort signal (an aborted stream may end quietly). */
  readonly signal?: AbortSignal;
}

export class StreamObserver implements Unread {
  readonly #options: StreamObserverOptions;
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
  #readMicros = 0;
  #readCounted = false;
  // One closure for the stream, none per read.
  readonly #onEvent = (event: StreamEvent): void => {
    this.#sawFormat ||= event.type !== "malformed";
    this.#readCounted ||= event.kinds !== 0;
    this.#options.sink.clock.record(event, this.#readMicros);
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

  /** @param target the stream; it must not be reachable from the observer, or it could never be collected. */
  constructor(options: StreamObserverOptions, target: object) {
    this.#options = options;
    this.#provider = options.provider;
    // A client's stream that ends without a single element has not ended normally.
    this.#expectsEnd = options.signal !== undefined;
    options.sink.amend({ streaming: true });
    if (options.sink.text !== undefined) {
      this.#event.onText = (kind, text): void => this.#options.sink.text?.add(kind, text);
    }
    options.watch.watch(this, target);
  }

  get idleSinceMs(): number | undefined {
    return this.#awaited ? undefined : this.#idleSinceMs;
  }

  /** Reading goes on through `iterator`, which outlives the stream it came from. */
  readThrough(iterator: object): void {
    this.#options.watch.move(this, iterator);
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
    const { sink } = this.#options;
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
    const { provider, callerSignal } = this.#options;
    const end = endOfThrown(error, "stream", callerSignal);
    // What the stream of a client throws for no reason of its own, the provider has said.
    const isTold = provider !== undefined && end.errorType === "application";
    this.#end(isTold ? { ...end, errorType: "stream_error" } : end);
  }

  /** The consumer left. After the finish reason the answer was complete; after an error event that was the cause. */
  left(): void {
    const outcome = this.#options.sink.clock.sawNormalEnd ? "ok" : "cancelled";
    this.#end(this.#fault() ?? { outcome });
  }

  abandon(): void {
    this.#end({ outcome: "abandoned" });
  }

  /** The stream cannot be watched (frozen): only the duration up to here is known. */
  giveUp(): void {
    const { sink, watch } = this.#options;
    watch.forget(this);
    sink.amend({ streaming: false });
    sink.end({ outcome: "ok" });
  }

  /** Feeds the clock; true when something was counted. */
  #record(value: unknown, atMicros: number): boolean {
    const { classify } = this.#options;
    if (classify !== undefined) {
      const found = classify(value);
      return found !== undefined && this.#delta(found.kind ?? "text", found.text, atMicros, found.tokens);
    }
    if (typeof value === "string") return this.#delta("text", value, atMicros);
    if (value instanceof Uint8Array) return this.#bytes(value, atMicros);
    if (!this.#read(value)) return this.#noFormat();
    this.#sawFormat = true;
    this.#options.sink.clock.record(this.#event, atMicros);
    // The provider has counted: nobody will have to.
    if (this.#event.usage?.outputTokens !== undefined) this.#options.sink.text?.drop();
    return this.#event.kinds !== 0;
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
    this.#options.sink.clock.recordDelta(kind, utf8Length(text), atMicros, tokens);
    this.#options.sink.text?.add(kind, text);
    return true;
  }

  #bytes(bytes: Uint8Array, atMicros: number): boolean {
    this.#readMicros = atMicros;
    this.#readCounted = false;
    // Bytes are measured without becoming text.
    this.#options.sink.text?.drop();
    this.#options.sink.content?.bytes(bytes, this.#provider);
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
      if (!this.#options.sink.ended) this.#parser?.end(this.#onEvent);
    } catch {
      // It counts for nothing.
    }
  }

  #quietEnd(): CallEnd {
    const { sink, signal, callerSignal } = this.#options;
    const { sawNormalEnd } = sink.clock;
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
    const { fault } = this.#options.sink.clock;
    if (fault === undefined) return undefined;
    const { errorType, code } = fault;
    return { outcome: "error", errorType, ...(code !== undefined && { errorCode: code }) };
  }

  #end(end: CallEnd): void {
    const { sink, watch, isBody } = this.#options;
    watch.forget(this);
    if (sink.ended) return;
    const windowWaitMs = this.#lastWaitMs - this.#firstWaitMs;
    if (windowWaitMs > 0) sink.amend({ attributes: { [ATTR.llmConsumerWaitSeconds]: windowWaitMs / 1000 } });
    const tapped = isBody === true || sink.readAtMs !== undefined;
    if (tapped && this.#consumerKeptUp(windowWaitMs)) sink.amend({ clockSource: "wire" });
    sink.end(end);
  }

  /** Body reads are pulled: whoever asks late makes them resolve late, and then they are not the times of the wire. */
  #consumerKeptUp(windowWaitMs: number): boolean {
    return isShort(this.#firstWaitMs, this.#firstMicros) && isShort(windowWaitMs, this.#lastMicros - this.#firstMicros);
  }
}

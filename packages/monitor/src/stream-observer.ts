/** Watches one stream element by element, whatever kind of stream it is. Nothing here throws into the host. */
// The global of this name is a getter; twice per element that is a fifth of the clock's price.
import { performance } from "node:perf_hooks";
import {
  ATTR,
  emptyStreamEvent,
  openaiChat,
  utf8Length,
  type DeltaKind,
  type Provider,
  type StreamEvent,
  type StreamParser,
} from "@nexent/monitor-core";
import type { AbandonWatch, Unread } from "./abandon-watch.ts";
import type { CallSink } from "./call-sink.ts";
import type { AnswerReader } from "./followed.ts";
import type { CallEnd } from "./recording.ts";
import { endOfAbort, endOfThrown } from "./thrown-error.ts";

/** What a stream element of unknown shape holds: `undefined` = nothing counted. */
export type Classify = (
  value: unknown,
) => { readonly kind?: DeltaKind; readonly text: string; readonly tokens?: number } | undefined;

export interface StreamObserverOptions extends AnswerReader {
  readonly sink: CallSink;
  readonly watch: AbandonWatch;
  /** Set for the stream of a client library: its abort signal (an aborted stream may end quietly). */
  readonly signal?: AbortSignal;
}

export class StreamObserver implements Unread {
  readonly #options: StreamObserverOptions;
  readonly #event: StreamEvent = emptyStreamEvent();
  readonly #provider: Provider;
  #parser: StreamParser | undefined;
  /** The stream speaks a format that says how it ends, so that a quiet end without it is an interruption. */
  #expectsEnd: boolean;
  #sawFormat = false;
  /** Always a number, so that an element costs no allocation; it counts while nobody waits. */
  #idleSinceMs = performance.now();
  #awaited = false;
  #waitMs = 0;
  #windowWaitMs = 0;

  /** @param target the stream; it must not be reachable from the observer, or it could never be collected. */
  constructor(options: StreamObserverOptions, target: object) {
    this.#options = options;
    this.#provider = options.provider ?? openaiChat;
    // A client's stream that ends without a single element has not ended normally.
    this.#expectsEnd = options.signal !== undefined;
    options.sink.amend({ streaming: true });
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
    if (!wasAwaited && this.#options.sink.clock.phase === "generating") {
      this.#waitMs += performance.now() - this.#idleSinceMs;
    }
  }

  /** An element has come. */
  element(value: unknown): void {
    const nowMs = performance.now();
    this.#idleSinceMs = nowMs;
    this.#awaited = false;
    const { sink } = this.#options;
    if (sink.ended) return;
    try {
      // All elements decoded from one read of the body share its stamp (measurement contract 1.2).
      if (this.#record(value, sink.micros(sink.readAtMs ?? nowMs))) this.#windowWaitMs = this.#waitMs;
    } catch {
      // A hostile element or classifier: it counts for nothing, the host gets it all the same.
    }
  }

  /** The stream ended by itself. */
  done(): void {
    this.#end(this.#quietEnd());
  }

  /** The stream threw. */
  threw(error: unknown): void {
    this.#end(endOfThrown(error, "stream"));
  }

  /** The consumer left. After the finish reason the answer was complete. */
  left(): void {
    this.#end({ outcome: this.#options.sink.clock.sawNormalEnd ? "ok" : "cancelled" });
  }

  abandon(): void {
    this.#end({ outcome: "abandoned" });
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
    if (!this.#provider.readChunk(value, this.#event)) return this.#noFormat();
    this.#sawFormat = true;
    this.#options.sink.clock.record(this.#event, atMicros);
    return this.#event.kinds !== 0;
  }

  #delta(kind: DeltaKind, text: string, atMicros: number, tokens?: number): boolean {
    this.#noFormat();
    if (text === "") return false;
    this.#options.sink.clock.recordDelta(kind, utf8Length(text), atMicros, tokens);
    return true;
  }

  #bytes(bytes: Uint8Array, atMicros: number): boolean {
    let counted = false;
    this.#parser ??= this.#provider.createStreamParser();
    this.#parser.push(bytes, (event) => {
      this.#sawFormat ||= event.type !== "malformed";
      counted ||= event.kinds !== 0;
      this.#options.sink.clock.record(event, atMicros);
    });
    return counted;
  }

  /** Elements of another kind say that no end of the format is due. */
  #noFormat(): false {
    this.#expectsEnd = false;
    return false;
  }

  #quietEnd(): CallEnd {
    const { sink, signal } = this.#options;
    const { fault, sawNormalEnd } = sink.clock;
    if (signal?.aborted === true && !sawNormalEnd) return endOfAbort(signal.reason);
    if (fault !== undefined) {
      return {
        outcome: "error",
        errorType: fault.errorType,
        ...(fault.code !== undefined && { errorCode: fault.code }),
      };
    }
    if ((this.#expectsEnd || this.#sawFormat) && !sawNormalEnd)
      return { outcome: "error", errorType: "stream_interrupted" };
    return { outcome: "ok" };
  }

  #end(end: CallEnd): void {
    const { sink, watch } = this.#options;
    watch.forget(this);
    if (sink.ended) return;
    if (this.#windowWaitMs > 0)
      sink.amend({ attributes: { [ATTR.llmConsumerWaitSeconds]: this.#windowWaitMs / 1000 } });
    sink.end(end);
  }
}

/** Watches one stream element by element, whatever kind of stream it is. Nothing here throws into the host. */
import {
  ATTR,
  emptyStreamEvent,
  providerByFormat,
  utf8Length,
  type DeltaKind,
  type Provider,
  type StreamEvent,
  type StreamParser,
} from "@nexent/monitor-core";
import type { Idle, IdleSweep } from "./idle-sweep.ts";
import type { CallEnd, Recording } from "./recording.ts";
import { safeProperty } from "./redact.ts";
import { endOfAbort, endOfThrown } from "./thrown-error.ts";

/** What a stream element of unknown shape holds: `undefined` = nothing counted. */
export type Classify = (
  value: unknown,
) => { readonly kind?: DeltaKind; readonly text: string; readonly tokens?: number } | undefined;

export interface StreamObserverOptions {
  readonly recording: Recording;
  readonly idle: IdleSweep;
  readonly classify: Classify | undefined;
  /** Signal of the stream's own controller, if it has one: an aborted stream may end quietly. */
  readonly signal: () => AbortSignal | undefined;
}

/** Collected streams end their calls; the held value must not reach the stream. */
const collected = new FinalizationRegistry<StreamObserver>((observer) => observer.abandon());

function provider(format: string): Provider {
  const found = providerByFormat(format);
  if (found === undefined) throw new Error(`no parser for ${format}`);
  return found;
}

export class StreamObserver implements Idle {
  readonly #options: StreamObserverOptions;
  readonly #event: StreamEvent = emptyStreamEvent();
  readonly #provider = provider("openai-chat");
  #parser: StreamParser | undefined;
  /** The stream speaks a format that says how it ends. */
  #hasFormat = false;
  #idleSinceMs: number | undefined = performance.now();
  #consumerWaitMs = 0;

  constructor(options: StreamObserverOptions) {
    this.#options = options;
    options.recording.amend({ streaming: true });
    options.idle.watch(this);
  }

  get idleSinceMs(): number | undefined {
    return this.#idleSinceMs;
  }

  /** Ends the call as `abandoned` when `stream` is collected without having ended. */
  collectWith(stream: object): void {
    collected.register(stream, this, this);
  }

  /** The consumer asks for the next element. */
  asked(): void {
    const { clock } = this.#options.recording;
    if (clock.phase === "generating" && this.#idleSinceMs !== undefined) {
      this.#consumerWaitMs += performance.now() - this.#idleSinceMs;
    }
    this.#idleSinceMs = undefined;
  }

  /** An element has come. */
  element(value: unknown): void {
    const nowMs = performance.now();
    this.#idleSinceMs = nowMs;
    const { recording } = this.#options;
    if (recording.ended) return;
    try {
      this.#record(value, recording.micros(nowMs));
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
    this.#end({ outcome: this.#options.recording.clock.sawNormalEnd ? "ok" : "cancelled" });
  }

  abandon(): void {
    this.#end({ outcome: "abandoned" });
  }

  #record(value: unknown, atMicros: number): void {
    const { clock } = this.#options.recording;
    if (this.#options.classify !== undefined) {
      const found = this.#options.classify(value);
      if (found !== undefined) clock.recordDelta(found.kind ?? "text", utf8Length(found.text), atMicros, found.tokens);
    } else if (typeof value === "string") clock.recordDelta("text", utf8Length(value), atMicros);
    else if (value instanceof Uint8Array) this.#bytes(value, atMicros);
    else if (this.#provider.readChunk(value, this.#event)) {
      this.#hasFormat = true;
      clock.record(this.#event, atMicros);
    }
  }

  #bytes(bytes: Uint8Array, atMicros: number): void {
    this.#parser ??= this.#provider.createStreamParser();
    this.#parser.push(bytes, (event) => {
      this.#hasFormat ||= event.type !== "malformed";
      this.#options.recording.clock.record(event, atMicros);
    });
  }

  #quietEnd(): CallEnd {
    const { recording, signal } = this.#options;
    const aborted = signal();
    if (aborted?.aborted === true && !recording.clock.sawNormalEnd) return endOfAbort(aborted.reason);
    const { fault } = recording.clock;
    if (fault !== undefined) {
      return {
        outcome: "error",
        errorType: fault.errorType,
        ...(fault.code !== undefined && { errorCode: fault.code }),
      };
    }
    if (this.#hasFormat && !recording.clock.sawNormalEnd) return { outcome: "error", errorType: "stream_interrupted" };
    return { outcome: "ok" };
  }

  #end(end: CallEnd): void {
    const { recording, idle } = this.#options;
    idle.forget(this);
    collected.unregister(this);
    if (recording.ended) return;
    if (this.#consumerWaitMs > 0) {
      recording.amend({ attributes: { [ATTR.llmConsumerWaitSeconds]: this.#consumerWaitMs / 1000 } });
    }
    recording.end(end);
  }
}

/** The abort signal of a client library's stream, wherever it keeps its controller. */
export function signalOf(stream: object): AbortSignal | undefined {
  const signal = safeProperty(safeProperty(stream, "controller"), "signal");
  return signal instanceof AbortSignal ? signal : undefined;
}

/** Readers of one answer's body: they take what the tap copies to them and feed the token clock. Nothing waits for them. */
import {
  LIMITS,
  readCutAnswer,
  type Provider,
  type ResponseReading,
  type StreamEvent,
  type StreamParser,
} from "@nexent/monitor-core";
import type { Recording } from "@nexent/monitor/recorder";

/** Takes the bytes of one body. `atMs` is the monotonic time of the body read they came with. */
export interface BodyReader {
  data(bytes: Uint8Array, atMs: number): void;
  end(atMs: number): void;
}

/** A stream, parsed event by event. */
export interface StreamReader extends BodyReader {
  /** Model name the upstream answered, once seen. */
  readonly responseModel: string | undefined;
}

class EventReader implements StreamReader {
  readonly #parser: StreamParser;
  readonly #recording: Recording;
  readonly #onDone: (atMs: number) => void;
  readonly #sink: (event: StreamEvent) => void;
  #failed = false;
  #micros = 0;
  #atMs = 0;
  responseModel: string | undefined;

  constructor(provider: Provider, recording: Recording, onDone: (atMs: number) => void) {
    this.#parser = provider.createStreamParser();
    this.#recording = recording;
    this.#onDone = onDone;
    // One closure for the stream, none per chunk.
    this.#sink = (event) => this.#take(event);
  }

  data(bytes: Uint8Array, atMs: number): void {
    // All events of one read share its stamp.
    this.#micros = this.#recording.micros(atMs);
    this.#atMs = atMs;
    this.#parser.push(bytes, this.#sink);
    // Nothing but what came with it belongs to an error: a server may leave the connection open behind it.
    if (this.#failed) this.#onDone(atMs);
  }

  end(atMs: number): void {
    this.#micros = this.#recording.micros(atMs);
    this.#atMs = atMs;
    this.#parser.end(this.#sink);
  }

  #take(event: StreamEvent): void {
    if (this.#recording.ended) return;
    this.#recording.clock.record(event, this.#micros);
    if (event.responseModel !== undefined) this.responseModel ??= event.responseModel;
    if (event.type === "error") this.#failed = true;
    else if (event.type === "done") this.#onDone(this.#atMs);
  }
}

/** Reads a streamed answer; `onDone` is called at the terminal marker of the format, and after an error event. */
export function createStreamReader(
  provider: Provider,
  recording: Recording,
  onDone: (atMs: number) => void,
): StreamReader {
  return new EventReader(provider, recording, onDone);
}

/** What a whole JSON body said. `unread`: too large to parse, and its ends say nothing. */
export type JsonVerdict =
  | { readonly kind: "read"; readonly reading: ResponseReading }
  | { readonly kind: "unread" }
  | { readonly kind: "malformed" };

/** A JSON body, read as a whole at its end. */
export interface JsonReader extends BodyReader {
  verdict(): JsonVerdict;
}

const END_BYTES = LIMITS.observerTailBytes;

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Told apart by the caller: not every body under this type is JSON.
    return undefined;
  }
}

/** Collects a JSON body: whole up to `maxBytes` (default 256 KiB), beyond that its first and its last 16 KiB. */
export function createJsonReader(provider: Provider, maxBytes: number = LIMITS.observerJsonBytes): JsonReader {
  let chunks: Uint8Array[] = [];
  let held = 0;
  /** Set once the body was too long. */
  let beginning: string | undefined;

  function keepEnds(): void {
    const all = Buffer.concat(chunks);
    beginning ??= all.toString("utf8", 0, END_BYTES);
    // A copy, or the whole buffer would stay.
    const end = Buffer.from(all.subarray(-END_BYTES));
    chunks = [end];
    held = end.length;
  }

  return {
    data(bytes) {
      chunks.push(bytes);
      held += bytes.length;
      if (held > (beginning === undefined ? maxBytes : END_BYTES * 4)) keepEnds();
    },
    end: () => undefined,
    verdict() {
      const text = Buffer.concat(chunks).toString("utf8");
      if (beginning !== undefined) {
        const reading = readCutAnswer(provider, beginning, text);
        return reading === undefined ? { kind: "unread" } : { kind: "read", reading };
      }
      const value = parse(text);
      const reading = value === undefined ? undefined : provider.readResponse(value);
      return reading === undefined ? { kind: "malformed" } : { kind: "read", reading };
    },
  };
}

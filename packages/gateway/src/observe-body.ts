/** Readers of one answer's body: they take what the tap copies to them and feed the token clock. Nothing waits for them. */
import { LIMITS, type Provider, type ResponseReading, type StreamEvent, type StreamParser } from "@nexent/monitor-core";
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
    if (event.type === "done") this.#onDone(this.#atMs);
  }
}

/** Reads a streamed answer; `onDone` is called at the terminal marker of the format. */
export function createStreamReader(
  provider: Provider,
  recording: Recording,
  onDone: (atMs: number) => void,
): StreamReader {
  return new EventReader(provider, recording, onDone);
}

/** Bytes kept of a body that is too large to be parsed as a whole: usage stands at its end. */
const TAIL_BYTES = 16 * 1024;

/** What a whole JSON body said. `unread`: too large to parse, and no usage in its tail. */
export type JsonVerdict =
  | { readonly kind: "read"; readonly reading: ResponseReading }
  | { readonly kind: "unread" }
  | { readonly kind: "malformed" };

/** A JSON body, read as a whole at its end. */
export interface JsonReader extends BodyReader {
  verdict(): JsonVerdict;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Told apart by the caller: not every body under this type is JSON.
    return undefined;
  }
}

/** Text of the object that follows the last `"usage":` of a tail, or undefined. */
function usageText(tail: string): string | undefined {
  const key = tail.lastIndexOf('"usage"');
  if (key < 0) return undefined;
  const open = tail.indexOf("{", key);
  if (open < 0) return undefined;
  let depth = 0;
  for (let i = open; i < tail.length; i += 1) {
    if (tail[i] === "{") depth += 1;
    else if (tail[i] === "}") {
      depth -= 1;
      if (depth === 0) return tail.slice(open, i + 1);
    }
  }
  return undefined;
}

/** Collects a JSON body: whole up to `maxBytes` (default 256 KiB), beyond that only its last 16 KiB. */
export function createJsonReader(provider: Provider, maxBytes: number = LIMITS.observerJsonBytes): JsonReader {
  let chunks: Uint8Array[] = [];
  let held = 0;
  let truncated = false;

  function keepTail(): void {
    const all = Buffer.concat(chunks);
    const tail = all.subarray(Math.max(0, all.length - TAIL_BYTES));
    chunks = [tail];
    held = tail.length;
    truncated = true;
  }

  return {
    data(bytes) {
      chunks.push(bytes);
      held += bytes.length;
      if (held > (truncated ? TAIL_BYTES * 4 : maxBytes)) keepTail();
    },
    end: () => undefined,
    verdict() {
      const text = Buffer.concat(chunks).toString("utf8");
      if (!truncated) {
        const value = parse(text);
        const reading = value === undefined ? undefined : provider.readResponse(value);
        return reading === undefined ? { kind: "malformed" } : { kind: "read", reading };
      }
      const usage = usageText(text);
      const reading = usage === undefined ? undefined : provider.readResponse(parse(`{"choices":[],"usage":${usage}}`));
      return reading === undefined ? { kind: "unread" } : { kind: "read", reading };
    },
  };
}

/** Bytes of one streamed answer in Ollama's native format -> events. */
import { createNdjsonScanner } from "../wire/ndjson.ts";
import { countCutOutput, parseFrame, type CutNeedles } from "./frames.ts";
import { fillEvent } from "./ollama-chunk.ts";
import { emptyStreamEvent, resetStreamEvent } from "./provider.ts";
import type { StreamEventSink, StreamParser } from "./provider.ts";

/** What tells the kind of a line that was too long to be read, best first. */
const CUT_NEEDLES: CutNeedles = [
  [/"images?": ?\[?"(?!")/, "audio"],
  [/"(?:content|response)": ?"(?!")/, "text"],
  [/"thinking": ?"(?!")/, "reasoning"],
  [/"arguments": ?\{(?!\})/, "tool"],
];

class OllamaStreamParser implements StreamParser {
  readonly #scanner = createNdjsonScanner();
  readonly #event = emptyStreamEvent();
  // One closure for the stream, none per read.
  readonly #onLine = (line: string, cut: boolean, tail: string): void => this.#take(line, cut, tail);
  #sink: StreamEventSink = () => undefined;

  push(bytes: Uint8Array, sink: StreamEventSink): void {
    this.#sink = sink;
    this.#scanner.push(bytes, this.#onLine);
  }

  end(sink: StreamEventSink): void {
    this.#sink = sink;
    this.#scanner.end(this.#onLine);
  }

  /** The object that is done is a chunk, for its counts, and the end of the stream. */
  #take(line: string, cut: boolean, tail: string): void {
    const event = this.#event;
    resetStreamEvent(event);
    // What was cut out of an image leaves a line that can be read.
    const chunk = parseFrame(line + tail);
    if (chunk !== undefined) fillEvent(event, chunk);
    else if (!cut || !countCutOutput(event, line, CUT_NEEDLES)) event.type = "malformed";
    this.#sink(event);
    if (chunk?.["done"] !== true) return;
    resetStreamEvent(event);
    event.type = "done";
    this.#sink(event);
  }
}

/** A parser for one answer of `/api/chat` or `/api/generate`. */
export function createOllamaStreamParser(): StreamParser {
  return new OllamaStreamParser();
}

/** Bytes of one streamed answer in Gemini's format -> events. The first bytes tell the framing. */
import { createJsonArrayScanner } from "../wire/json-array.ts";
import { createSseScanner } from "../wire/sse.ts";
import { countCutOutput, parseFrame, type CutNeedles } from "./frames.ts";
import { fillEvent } from "./gemini-chunk.ts";
import { emptyStreamEvent, resetStreamEvent } from "./provider.ts";
import type { StreamEvent, StreamEventSink, StreamParser } from "./provider.ts";

/** What tells the kind of a frame that was too long to be held, best first; a signature is no output. */
const CUT_NEEDLES: CutNeedles = [
  [/"data": ?"(?!")/, "audio"],
  [/"text": ?"(?!")/, "text"],
  [/"args": ?\{(?!\})/, "tool"],
];
const FINISH_REASON = /"finishReason": ?"([A-Z_]+)"/;
const USAGE = '"usageMetadata"';

const BOM = [0xef, 0xbb, 0xbf];
const WHITE_SPACE = [0x09, 0x0a, 0x0d, 0x20];
const OPEN_BRACKET = 0x5b;
const OPEN_BRACE = 0x7b;

/** Position of the first byte that says something; a byte order mark, split or not, and white space say nothing. */
function beginning(bytes: Uint8Array): number {
  return bytes.findIndex((byte) => !BOM.includes(byte) && !WHITE_SPACE.includes(byte));
}

/**
 * A frame with an image is often beyond the bound, and often the last one: its beginning tells what it holds, and behind
 * the image stand finish reason, usage and names.
 */
function readCut(event: StreamEvent, held: string, tail: string): void {
  const finishReason = FINISH_REASON.exec(tail)?.[1];
  const usage = tail.lastIndexOf(USAGE);
  const end = usage < 0 ? undefined : parseFrame(`{${tail.slice(usage)}`);
  if (finishReason !== undefined || end !== undefined) fillEvent(event, { ...end, candidates: [{ finishReason }] });
  else event.type = "malformed";
  if (countCutOutput(event, held, CUT_NEEDLES)) event.type = "chunk";
}

/** What both framings have in common. */
interface Frames {
  push(bytes: Uint8Array): void;
  end(): void;
}

class GeminiStreamParser implements StreamParser {
  readonly #event = emptyStreamEvent();
  #frames: Frames | undefined;
  #sink: StreamEventSink = () => undefined;

  push(bytes: Uint8Array, sink: StreamEventSink): void {
    this.#sink = sink;
    if (this.#frames !== undefined) {
      this.#frames.push(bytes);
      return;
    }
    const start = beginning(bytes);
    if (start < 0) return;
    const first = bytes[start];
    this.#frames = first === OPEN_BRACKET || first === OPEN_BRACE ? this.#elements() : this.#events();
    this.#frames.push(bytes.subarray(start));
  }

  end(sink: StreamEventSink): void {
    this.#sink = sink;
    this.#frames?.end();
  }

  /** `?alt=sse`. */
  #events(): Frames {
    const scanner = createSseScanner(undefined, { bareJson: true });
    // One closure for the stream, none per read.
    const onEvent = (_name: string, data: string, cut: boolean, tail: string): void => this.#take(data, cut, tail);
    return { push: (bytes) => scanner.push(bytes, onEvent), end: () => scanner.end(onEvent) };
  }

  /** One streamed array; also a lone object, which is how an error may come. */
  #elements(): Frames {
    const scanner = createJsonArrayScanner();
    const onElement = (json: string, cut: boolean, tail: string): void => this.#take(json, cut, tail);
    return { push: (bytes) => scanner.push(bytes, onElement), end: () => scanner.end(onElement) };
  }

  #take(data: string, cut: boolean, tail: string): void {
    const event = this.#event;
    resetStreamEvent(event);
    if (cut) readCut(event, data, tail);
    else {
      const chunk = parseFrame(data);
      if (chunk !== undefined) fillEvent(event, chunk);
      else event.type = data === "[DONE]" ? "done" : "malformed";
    }
    this.#sink(event);
  }
}

/** A parser for one answer, whether it comes as server-sent events or as one JSON array. */
export function createGeminiStreamParser(): StreamParser {
  return new GeminiStreamParser();
}

/** Bytes of one streamed answer in OpenAI's chat or completions format -> events. */
import { utf8OfLatin1 } from "../utf8.ts";
import { createSseScanner } from "../wire/sse.ts";
import { readFault } from "./fault.ts";
import { fieldsOf, type Fields } from "./json-fields.ts";
import { fillEvent } from "./openai-chunk.ts";
import { FrameShape } from "./openai-frame-shape.ts";
import { DELTA_KIND_BIT, emptyStreamEvent, resetStreamEvent, type DeltaKind } from "./provider.ts";
import type { StreamEvent, StreamEventSink, StreamParser } from "./provider.ts";

/** What tells the kind of a frame that was too long to be held, best first. */
const LONG_FRAME_NEEDLES: readonly (readonly [needle: RegExp, kind: DeltaKind])[] = [
  [/"(?:content|text)": ?"(?!")/, "text"],
  [/"reasoning(?:_content)?": ?"(?!")/, "reasoning"],
  [/"arguments": ?"(?!")/, "tool"],
  [/"(?:url|data)": ?"(?!")/, "audio"],
];

function parseFrame(data: string): Fields | undefined {
  try {
    return fieldsOf(JSON.parse(utf8OfLatin1(data)));
  } catch {
    // Not this provider's format: the caller counts it, the bytes have passed long ago.
    return undefined;
  }
}

function readFrame(data: string): StreamEvent | undefined {
  const chunk = parseFrame(data);
  if (chunk === undefined) return undefined;
  const event = emptyStreamEvent();
  fillEvent(event, chunk);
  return event;
}

/** Classifies a frame by its beginning; its bytes are at least those that were held. */
function classifyCut(held: string, event: StreamEvent): void {
  for (const [needle, kind] of LONG_FRAME_NEEDLES) {
    const found = needle.exec(held);
    if (found === null) continue;
    event.kind = kind;
    event.kinds = DELTA_KIND_BIT[kind];
    event.outputBytes = held.length - found.index - found[0].length;
    event.choiceCount = 1;
    return;
  }
  event.type = "malformed";
}

class OpenAiStreamParser implements StreamParser {
  readonly #scanner = createSseScanner();
  readonly #event = emptyStreamEvent();
  readonly #shape = new FrameShape(readFrame);
  // One closure for the stream, none per read.
  readonly #onFrame = (name: string, data: string, cut: boolean): void => this.#take(name, data, cut);
  #sink: StreamEventSink = () => undefined;

  push(bytes: Uint8Array, sink: StreamEventSink): void {
    this.#sink = sink;
    this.#scanner.push(bytes, this.#onFrame);
  }

  end(sink: StreamEventSink): void {
    this.#sink = sink;
    this.#scanner.end(this.#onFrame);
  }

  #take(name: string, data: string, cut: boolean): void {
    if (name === "ping") return;
    const event = this.#event;
    resetStreamEvent(event);
    if (cut) classifyCut(data, event);
    else if (name === "error") this.#readError(data, event);
    else if (!this.#shape.match(data, event)) this.#parse(data, event);
    this.#sink(event);
  }

  #readError(data: string, event: StreamEvent): void {
    const chunk = parseFrame(data);
    event.type = "error";
    event.fault = readFault(chunk?.["error"] ?? chunk);
  }

  #parse(data: string, event: StreamEvent): void {
    if (data.trim() === "[DONE]") {
      event.type = "done";
      return;
    }
    const chunk = parseFrame(data);
    if (chunk === undefined) event.type = "malformed";
    else fillEvent(event, chunk);
    this.#shape.learn(data, event);
  }
}

/** A parser for one answer. Its events equal those of parsing every frame; most frames are only compared. */
export function createOpenAiStreamParser(): StreamParser {
  return new OpenAiStreamParser();
}

/** Which wire format an answer is in that nobody named: what it looks like decides. */
import {
  anthropicMessages,
  gemini,
  ollama,
  openaiChat,
  openaiResponses,
  type Provider,
  type ResponseReading,
  type StreamEvent,
  type StreamEventSink,
  type StreamParser,
} from "@nexent/monitor-core";
import { createAiParts, isAiPart } from "./ai-parts.ts";

/** The formats that can be told apart by a look at them. */
const FORMATS: readonly Provider[] = [openaiChat, openaiResponses, anthropicMessages, gemini, ollama];

/** Characters looked at before an answer counts as one in the format that most servers speak. */
const SNIFFED_CHARS = 64 * 1024;

function wireFormatOf(value: unknown, event: StreamEvent): Provider | undefined {
  return FORMATS.find((format) => format.readChunk(value, event));
}

/** The format of an element that a client has parsed, read into `event`; undefined when it is of none. */
export function formatOfChunk(value: unknown, event: StreamEvent): Provider | undefined {
  const found = wireFormatOf(value, event);
  if (found !== undefined || !isAiPart(value)) return found;
  const parts = createAiParts();
  return parts.readChunk(value, event) ? parts : undefined;
}

/** Reads a whole answer in whatever format it is. */
export function readAnyAnswer(value: unknown): ResponseReading | undefined {
  for (const format of FORMATS) {
    const reading = format.readResponse(value);
    if (reading !== undefined) return reading;
  }
  return undefined;
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    // Half a line, or no JSON at all: the next read may tell more.
    return undefined;
  }
}

function formatOfLine(line: string, event: StreamEvent): Provider | undefined {
  const json = line.startsWith("data:") ? line.slice("data:".length).trim() : line;
  return json.startsWith("{") ? wireFormatOf(parsed(json), event) : undefined;
}

class SniffingParser implements StreamParser {
  readonly #event: StreamEvent;
  readonly #held: Uint8Array[] = [];
  readonly #decoder = new TextDecoder();
  /** The line that is not complete yet. */
  #line = "";
  #chars = 0;
  #parser: StreamParser | undefined;

  constructor(event: StreamEvent) {
    this.#event = event;
  }

  push(bytes: Uint8Array, sink: StreamEventSink): void {
    if (this.#parser !== undefined) {
      this.#parser.push(bytes, sink);
      return;
    }
    // A copy: whoever reads the stream may do with its chunk what they like.
    this.#held.push(bytes.slice());
    const found = this.#sniff(this.#decoder.decode(bytes, { stream: true }));
    if (found !== undefined || this.#chars > SNIFFED_CHARS) this.#settle(found, sink);
  }

  end(sink: StreamEventSink): void {
    (this.#parser ?? this.#settle(undefined, sink)).end(sink);
  }

  #sniff(text: string): Provider | undefined {
    // One JSON array that grows is how Gemini streams without `alt=sse`.
    if (this.#chars === 0 && text.trimStart().startsWith("[")) return gemini;
    this.#chars += text.length;
    const lines = (this.#line + text).split(/[\r\n]+/);
    this.#line = lines.at(-1) ?? "";
    for (const line of lines) {
      const found = formatOfLine(line, this.#event);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Until here nothing had been said that counts: what comes now is not late. */
  #settle(format: Provider = openaiChat, sink: StreamEventSink): StreamParser {
    const parser = format.createStreamParser();
    this.#parser = parser;
    this.#line = "";
    for (const bytes of this.#held.splice(0)) parser.push(bytes, sink);
    return parser;
  }
}

/** A parser that finds out by itself which format the bytes of an answer are in. */
export function createSniffingParser(event: StreamEvent): StreamParser {
  return new SniffingParser(event);
}

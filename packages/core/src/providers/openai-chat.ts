/** OpenAI Chat Completions and legacy Completions, with the quirks of compatible servers (measurement contract 3.2, 3.3). */
import { utf8OfLatin1 } from "../utf8.ts";
import { createSseScanner } from "../wire/sse.ts";
import { readFault } from "./fault.ts";
import { addDeltas, addText, type DeltaTarget } from "./openai-deltas.ts";
import { readRequest } from "./openai-request.ts";
import { FrameTemplate } from "./openai-template.ts";
import { readServerTimings, readUsage } from "./openai-usage.ts";
import { emptyStreamEvent, resetStreamEvent } from "./provider.ts";
import type { Provider, ResponseReading, StreamEvent, StreamEventSink, StreamParser } from "./provider.ts";

type Fields = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function readChoice(choice: unknown, event: StreamEvent): void {
  if (!isObject(choice)) return;
  const { index } = choice;
  const number = typeof index === "number" && Number.isInteger(index) && index >= 0 ? index : 0;
  event.choiceCount = Math.max(event.choiceCount, number + 1);
  addDeltas(event, choice["delta"]);
  // A chunk of a chat has `delta`; `text` beside it would be the same output twice.
  if (choice["delta"] === undefined) addText(event, choice["text"]);
  event.finishReason ??= text(choice["finish_reason"]);
}

/** Reads one parsed data event into a fresh `event`. */
function fillEvent(event: StreamEvent, chunk: Fields): void {
  if (chunk["error"] !== undefined && chunk["error"] !== null) {
    event.type = "error";
    event.fault = readFault(chunk["error"]);
  }
  const { choices } = chunk;
  if (Array.isArray(choices)) for (const choice of choices) readChoice(choice, event);
  event.usage = readUsage(chunk["usage"], chunk["timings"]);
  event.responseModel = text(chunk["model"]);
  event.responseId = text(chunk["id"]);
  event.serverTimings = readServerTimings(chunk["timings"], chunk["metrics"]);
}

function parseFrame(data: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(utf8OfLatin1(data));
    return isObject(value) ? value : undefined;
  } catch {
    // Not this provider's format: the caller counts it, the bytes have passed long ago.
    return undefined;
  }
}

class OpenAiStreamParser implements StreamParser {
  readonly #scanner = createSseScanner();
  readonly #event = emptyStreamEvent();
  readonly #template = new FrameTemplate();

  push(bytes: Uint8Array, sink: StreamEventSink): void {
    this.#scanner.push(bytes, (name, data) => this.#frame(name, data, sink));
  }

  end(sink: StreamEventSink): void {
    this.#scanner.end((name, data) => this.#frame(name, data, sink));
  }

  #frame(name: string, data: string, sink: StreamEventSink): void {
    const event = this.#event;
    resetStreamEvent(event);
    if (name !== "error" && this.#template.match(data, event)) {
      sink(event);
      return;
    }
    this.#parse(name, data, event);
    this.#template.learn(data, event);
    sink(event);
  }

  #parse(name: string, data: string, event: StreamEvent): void {
    if (data.trim() === "[DONE]") {
      event.type = "done";
      return;
    }
    const chunk = parseFrame(data);
    if (name === "error") {
      event.type = "error";
      event.fault = readFault(chunk?.["error"] ?? chunk);
    } else if (chunk === undefined) event.type = "malformed";
    else fillEvent(event, chunk);
  }
}

function readChunk(value: unknown, event: StreamEvent): boolean {
  resetStreamEvent(event);
  try {
    if (!isObject(value)) return false;
    if (!Array.isArray(value["choices"]) && value["error"] === undefined) return false;
    fillEvent(event, value);
    return true;
  } catch {
    // A getter of a hostile object threw; the host must not notice us.
    return false;
  }
}

function readResponse(body: unknown): ResponseReading | undefined {
  if (!isObject(body)) return undefined;
  const { choices, error } = body;
  if (!Array.isArray(choices) && (error === undefined || error === null) && !isObject(body["usage"])) return undefined;
  const output: DeltaTarget = { kinds: 0, kind: undefined, outputBytes: 0 };
  const finishReasons: string[] = [];
  for (const choice of Array.isArray(choices) ? choices : []) {
    if (!isObject(choice)) continue;
    addDeltas(output, choice["message"]);
    if (choice["message"] === undefined) addText(output, choice["text"]);
    const reason = text(choice["finish_reason"]);
    if (reason !== undefined) finishReasons.push(reason);
  }
  const usage = readUsage(body["usage"], body["timings"]);
  const serverTimings = readServerTimings(body["timings"], body["metrics"]);
  const responseModel = text(body["model"]);
  const responseId = text(body["id"]);
  return {
    finishReasons,
    outputBytes: output.outputBytes,
    choiceCount: Array.isArray(choices) ? choices.length : 0,
    ...(responseModel === undefined ? {} : { responseModel }),
    ...(responseId === undefined ? {} : { responseId }),
    ...(usage === undefined ? {} : { usage }),
    ...(serverTimings === undefined ? {} : { serverTimings }),
    ...(error === undefined || error === null ? {} : { fault: readFault(error) }),
  };
}

function createOpenAiProvider(format: string): Provider {
  return {
    format,
    createStreamParser: () => new OpenAiStreamParser(),
    readChunk,
    readRequest,
    readResponse,
    normalEnd: "finish_reason",
  };
}

/** `POST …/chat/completions`. */
export const openaiChat: Provider = createOpenAiProvider("openai-chat");

/** Legacy `POST …/completions`: the delta is `choices[].text`. */
export const openaiCompletions: Provider = createOpenAiProvider("openai-completions");

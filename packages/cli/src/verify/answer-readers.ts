/** The three framings of a streamed answer, read as client libraries read them: parsed values, one by one. */
import { APIError, hasError } from "./api-error.ts";

/** Reads a body; throws {@link APIError} at an error event. */
export type AnswerReader = (body: ReadableStream<Uint8Array>) => AsyncGenerator<unknown, void, undefined>;

const WHITE_SPACE = /\s/;

async function* textsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  for await (const bytes of body) yield decoder.decode(bytes, { stream: true });
}

/** Parsed `data:` values of a server-sent event stream; ends at `[DONE]`. Pings are nobody's value. */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<unknown, void, undefined> {
  let pending = "";
  for await (const piece of textsOf(body)) {
    pending += piece;
    // A lone CR at the end may be the first half of CRLF.
    const complete = pending.endsWith("\r") ? pending.slice(0, -1) : pending;
    const events = complete.replaceAll("\r\n", "\n").replaceAll("\r", "\n").split("\n\n");
    pending = (events.pop() ?? "") + pending.slice(complete.length);
    for (const event of events) {
      const data = dataOf(event);
      if (data === "[DONE]") return;
      const value = valueOf(data);
      if (value !== undefined && !isPing(value)) yield value;
    }
  }
  const value = valueOf(dataOf(pending));
  if (value !== undefined) yield value;
}

/** Parsed lines of a body of JSON lines. */
export async function* readLines(body: ReadableStream<Uint8Array>): AsyncGenerator<unknown, void, undefined> {
  let pending = "";
  for await (const piece of textsOf(body)) {
    const lines = (pending + piece).split("\n");
    pending = lines.pop() ?? "";
    for (const line of lines) {
      const value = valueOf(line);
      if (value !== undefined) yield value;
    }
  }
  const value = valueOf(pending);
  if (value !== undefined) yield value;
}

/** Parsed elements of one JSON array, each as soon as it is complete. */
export async function* readArray(body: ReadableStream<Uint8Array>): AsyncGenerator<unknown, void, undefined> {
  const scan = createElementScan();
  for await (const piece of textsOf(body)) {
    for (const character of piece) {
      const element = scan(character);
      if (element === undefined) continue;
      const value = valueOf(element);
      if (value !== undefined) yield value;
    }
  }
}

/** Takes one character; gives the text of an element (an object) when that character completes it. */
function createElementScan(): (character: string) => string | undefined {
  let depth = 0;
  let inString = false;
  let escaped = false;
  let element = "";
  return (character) => {
    if (depth === 0 && character !== "{") return undefined;
    element += character;
    if (inString) {
      if (character === '"' && !escaped) inString = false;
      escaped = character === "\\" && !escaped;
      return undefined;
    }
    if (character === '"') inString = true;
    else if (character === "{") depth += 1;
    else if (character === "}") depth -= 1;
    if (depth > 0) return undefined;
    const complete = element;
    element = "";
    return complete;
  };
}

/** The data of one event. An error may stand there as bare JSON. */
function dataOf(event: string): string | undefined {
  const lines = event
    .split("\n")
    .flatMap((line) => (line.startsWith("data:") ? [line.slice(5).replace(/^ /, "")] : []));
  if (lines.length > 0) return lines.join("\n");
  return event.trimStart().startsWith("{") ? event : undefined;
}

function isPing(value: unknown): boolean {
  return typeof value === "object" && value !== null && "type" in value && value.type === "ping";
}

/** The parsed value; undefined when there is none. @throws {APIError} when it is an error. */
function valueOf(json: string | undefined): unknown {
  if (json === undefined || json === "" || (json.length === 1 && WHITE_SPACE.test(json))) return undefined;
  const value = parseOrNothing(json);
  if (hasError(value)) throw new APIError(undefined, value);
  return value;
}

/** The value of a JSON text; undefined when it is none. */
export function parseOrNothing(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON: client libraries skip it as well.
    return undefined;
  }
}

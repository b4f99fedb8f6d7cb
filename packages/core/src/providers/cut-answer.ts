/**
 * Whole answers that were too long to be held: of megabytes of floats, audio or images only the beginning and the end of
 * the text are at hand. The members of the outermost object that lie whole in one of the two say what is to be known.
 */
import { fieldsOf, type Fields } from "./json-fields.ts";
import type { Provider, ResponseReading } from "./provider.ts";

/** By what a format knows its answers, where that is the member that was cut. */
const CUT_MEMBERS: ReadonlyMap<string, Fields> = new Map<string, Fields>([
  ["openai-chat", { choices: [] }],
  ["openai-completions", { choices: [] }],
  ["openai-responses", { output: [] }],
  ["openai-embeddings", { data: [] }],
  ["anthropic-messages", { content: [] }],
  ["gemini", { candidates: [] }],
  ["ollama", { embeddings: [] }],
]);

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

function objectOf(members: string): Fields | undefined {
  try {
    return fieldsOf(JSON.parse(`{${members}}`));
  } catch {
    // No JSON: nothing is known of it.
    return undefined;
  }
}

/** Index of the quote that ends the string that begins at `at`; -1 when it lies beyond the text. */
function stringEnd(text: string, at: number): number {
  for (let i = at + 1; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code === BACKSLASH) i += 1;
    else if (code === QUOTE) return i;
  }
  return -1;
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes += 1;
  return backslashes % 2 === 1;
}

/** Index of the quote that begins the string that ends at `at`; -1 when it lies before the text. */
function stringStart(text: string, at: number): number {
  let i = at - 1;
  while (i >= 0 && (text.charCodeAt(i) !== QUOTE || isEscaped(text, i))) i -= 1;
  return i;
}

/** Members of the outermost object that are complete in the beginning of its text. */
function membersAtStart(text: string): Fields | undefined {
  const open = text.indexOf("{");
  let depth = 0;
  let comma = open;
  for (let i = open; i >= 0 && i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) {
      i = stringEnd(text, i);
      if (i < 0) break;
    } else if (code === OPEN_BRACE || code === OPEN_BRACKET) depth += 1;
    else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) depth -= 1;
    else if (code === COMMA && depth === 1) comma = i;
  }
  return comma <= open ? undefined : objectOf(text.slice(open + 1, comma));
}

/**
 * Members of the outermost object that are complete in the end of its text. Read backwards a text needs no beginning: a
 * quote outside of strings ends one, whatever stands before it.
 */
function membersAtEnd(text: string): Fields | undefined {
  const close = text.trimEnd().length - 1;
  if (text.charCodeAt(close) !== CLOSE_BRACE) return undefined;
  let depth = 1;
  let from = -1;
  for (let i = close - 1; i >= 0 && depth > 0; i -= 1) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) i = stringStart(text, i);
    else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) depth += 1;
    else if (code === OPEN_BRACE || code === OPEN_BRACKET) depth -= 1;
    if ((code === COMMA && depth === 1) || depth === 0) from = i + 1;
  }
  return from < 0 ? undefined : objectOf(text.slice(from, close));
}

/**
 * Reads a whole answer of which only the first and the last characters are there. What lay between them (the output, and
 * the finish reason where it stands in it) stays unknown; model, id, usage and server timings are read where the format
 * has them beside it.
 * @returns undefined when the end is not that of an object, or says nothing in this format.
 */
export function readCutAnswer(provider: Provider, beginning: string, end: string): ResponseReading | undefined {
  const last = membersAtEnd(end);
  if (last === undefined) return undefined;
  return provider.readResponse({ ...CUT_MEMBERS.get(provider.format), ...membersAtStart(beginning), ...last });
}

/** Finds the top-level `usage` member of one JSON object without building it; positions index the given text. */

/** A member of the top-level object, with the comma that belongs to it. */
export interface MemberSpan {
  /** First character to cut. */
  readonly start: number;
  /** Character after the last one to cut. */
  readonly end: number;
  readonly value: string;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0d;
}

/** Index after the string that starts at `at`. */
function afterString(text: string, at: number): number {
  for (let i = at + 1; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code === BACKSLASH) i += 1;
    else if (code === QUOTE) return i + 1;
  }
  return text.length;
}

/** Index after the value that starts at `at`: the comma or bracket that ends it. */
function afterValue(text: string, at: number): number {
  let depth = 0;
  for (let i = at; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) i = afterString(text, i) - 1;
    else if (code === 0x7b || code === 0x5b) depth += 1;
    else if (code === 0x7d || code === 0x5d) {
      if (depth === 0) return i;
      depth -= 1;
    } else if (code === COMMA && depth === 0) return i;
  }
  return text.length;
}

function skipSpaces(text: string, at: number): number {
  let i = at;
  while (i < text.length && isSpace(text.charCodeAt(i))) i += 1;
  return i;
}

/** The top-level member `name` of the object in `text`, or undefined. Never throws, whatever the text is. */
export function findMember(text: string, name: string): MemberSpan | undefined {
  let i = skipSpaces(text, 0);
  if (text.charCodeAt(i) !== 0x7b) return undefined;
  let comma = -1;
  i += 1;
  while (i < text.length) {
    const keyStart = skipSpaces(text, i);
    if (text.charCodeAt(keyStart) !== QUOTE) return undefined;
    const keyEnd = afterString(text, keyStart);
    const colon = skipSpaces(text, keyEnd);
    if (text.charCodeAt(colon) !== COLON) return undefined;
    const valueStart = skipSpaces(text, colon + 1);
    const valueEnd = afterValue(text, valueStart);
    const last = text.charCodeAt(valueEnd) !== COMMA;
    if (keyEnd - keyStart === name.length + 2 && text.startsWith(name, keyStart + 1)) {
      const value = text.slice(valueStart, valueEnd).trimEnd();
      // With a comma in front the member is `,"usage":…`; the first member takes the comma behind it.
      if (comma >= 0) return { start: comma, end: valueStart + value.length, value };
      return { start: keyStart, end: last ? valueEnd : valueEnd + 1, value };
    }
    if (last) return undefined;
    comma = valueEnd;
    i = valueEnd + 1;
  }
  return undefined;
}

/** Passes over JavaScript source just far enough to find what stands outside of strings, comments and brackets. */

const CLOSING: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };
/** After these a slash begins a regular expression, not a division. */
const BEFORE_REGEX = /(?:^|[(,=:[!&|?{};+\-*%<>~^]|=>|\breturn)\s*$/;
const PAST_END = 1;

/** Place behind the string that begins at `at`; `\` escapes. */
function skipString(text: string, at: number): number {
  const quote = text[at];
  for (let i = at + 1; i < text.length; i += 1) {
    if (text[i] === "\\") i += 1;
    else if (text[i] === quote) return i + 1;
  }
  return text.length + PAST_END;
}

function skipTemplate(text: string, at: number): number {
  for (let i = at + 1; i < text.length; i += 1) {
    if (text[i] === "\\") i += 1;
    else if (text[i] === "`") return i + 1;
    else if (text.startsWith("${", i)) i = skipBracket(text, i + 1) - 1;
  }
  return text.length + PAST_END;
}

function skipRegex(text: string, at: number): number {
  let inClass = false;
  for (let i = at + 1; i < text.length; i += 1) {
    if (text[i] === "\\") i += 1;
    else if (text[i] === "[") inClass = true;
    else if (text[i] === "]") inClass = false;
    else if (text[i] === "/" && !inClass) return i + 1;
  }
  return text.length + PAST_END;
}

function skipBracket(text: string, at: number): number {
  const closing = CLOSING[text[at] ?? ""];
  for (let i = at + 1; i < text.length; i = skipToken(text, i)) {
    if (text[i] === closing) return i + 1;
  }
  return text.length + PAST_END;
}

function skipTo(text: string, at: number, end: string): number {
  const found = text.indexOf(end, at);
  return found < 0 ? text.length + PAST_END : found + end.length;
}

/**
 * Place behind whatever begins at `at`: a bracket with all it holds, a string, template, comment or regular expression,
 * else one character. Past the end of the text when it does not close.
 */
export function skipToken(text: string, at: number): number {
  const character = text[at];
  if (character === undefined) return text.length + PAST_END;
  if (character in CLOSING) return skipBracket(text, at);
  if (character === '"' || character === "'") return skipString(text, at);
  if (character === "`") return skipTemplate(text, at);
  if (text.startsWith("//", at)) return skipTo(text, at, "\n");
  if (text.startsWith("/*", at)) return skipTo(text, at + 2, "*/");
  if (character === "/" && BEFORE_REGEX.test(text.slice(0, at))) return skipRegex(text, at);
  return at + 1;
}

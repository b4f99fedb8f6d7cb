/**
 * Names of a function's parameters, read from its own source. Defaults, destructuring, comments and strings are passed
 * over. What a minifier renamed is renamed here too, and native or bound functions have no source: then there are no
 * names.
 */
import { skipToken } from "./source-tokens.ts";

/** One parameter by its place: a name, the properties that are taken out of it, or neither. */
export type Parameter =
  | { readonly kind: "name"; readonly name: string; readonly rest: boolean }
  | { readonly kind: "fields"; readonly names: readonly string[] }
  | { readonly kind: "unnamed" };

/** Parameter lists beyond this length are not read. */
const MAX_SOURCE_CHARACTERS = 4096;
const IDENTIFIER = String.raw`[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*`;
const NAME = new RegExp(`^${IDENTIFIER}`, "u");
const LONE_ARROW_PARAMETER = new RegExp(String.raw`^(?:async\s+)?(${IDENTIFIER})\s*=>`, "u");
const UNNAMED: Parameter = { kind: "unnamed" };

/** Place of the first character of `wanted` outside of strings, comments and brackets; -1 when there is none. */
function find(text: string, from: number, wanted: string): number {
  for (let at = from; at < text.length; at = skipToken(text, at)) {
    if (text[at] === wanted) return at;
  }
  return -1;
}

/** The parts of a bracketed list; undefined when it does not close. */
function partsOf(text: string, open: number): readonly string[] | undefined {
  const end = skipToken(text, open);
  if (end > text.length) return undefined;
  const inner = text.slice(open + 1, end - 1);
  const parts: string[] = [];
  let from = 0;
  for (let comma = find(inner, 0, ","); comma >= 0; comma = find(inner, from, ",")) {
    parts.push(inner.slice(from, comma));
    from = comma + 1;
  }
  parts.push(inner.slice(from));
  return parts.map(withoutComments).filter((part) => part !== "");
}

/** The text without the comments in front of it. */
function withoutComments(part: string): string {
  let text = part.trim();
  while (text.startsWith("/*") || text.startsWith("//")) text = text.slice(skipToken(text, 0)).trim();
  return text;
}

/** The property a part of `{ a, b: c, "d": e, f = 1 }` takes. */
function propertyOf(part: string): readonly string[] {
  const quoted = /^(["'])([^"'\\]*)\1\s*:/.exec(part);
  const name = quoted?.[2] ?? NAME.exec(part)?.[0];
  return name === undefined ? [] : [name];
}

function parameterOf(part: string): Parameter {
  if (part.startsWith("{")) {
    const fields = partsOf(part, 0);
    return fields === undefined ? UNNAMED : { kind: "fields", names: fields.flatMap(propertyOf) };
  }
  const rest = part.startsWith("...");
  const name = NAME.exec(rest ? part.slice(3).trim() : part)?.[0];
  return name === undefined ? UNNAMED : { kind: "name", name, rest };
}

function parse(source: string): readonly Parameter[] {
  const lone = LONE_ARROW_PARAMETER.exec(source)?.[1];
  if (lone !== undefined) return [{ kind: "name", name: lone, rest: false }];
  const open = find(source, 0, "(");
  return open < 0 ? [] : (partsOf(source, open) ?? []).map(parameterOf);
}

/** The parameters of a function, in order; none when they cannot be read. Never throws. */
export function parametersOf(fn: (...args: never[]) => unknown): readonly Parameter[] {
  try {
    const source = Function.prototype.toString.call(fn).slice(0, MAX_SOURCE_CHARACTERS);
    return source.includes("[native code]") ? [] : parse(source);
  } catch {
    // A revoked proxy, or a realm without sources: nothing is known of the parameters.
    return [];
  }
}

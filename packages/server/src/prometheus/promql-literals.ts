import { badExpression } from "./query-fault.ts";

/** What follows a backslash, as Go writes strings. */
const ESCAPES: Readonly<Record<string, string>> = {
  a: "\u0007",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
};
const ESCAPE = /\\(?:x([\dA-Fa-f]{2})|u([\dA-Fa-f]{4})|U([\dA-Fa-f]{8})|([0-7]{3})|([\s\S]))/g;
const LAST_ASCII = 0x7f;
const LAST_CODE_POINT = 0x10ffff;

/** The value of a string literal, quotes included in `text`. @throws {QueryFault} */
export function stringOf(text: string): string {
  const quote = text.charAt(0);
  const inner = text.slice(1, -1);
  // The grammar takes a string that is not closed.
  if (text.length < 2 || !text.endsWith(quote)) throw badExpression("unterminated string");
  if (quote === "`") return inner;
  if (inner.includes("\n")) throw badExpression("unterminated quoted string");
  if (/(?:^|[^\\])(?:\\\\)*\\$/.test(inner)) throw badExpression("unterminated quoted string");
  return inner.replaceAll(ESCAPE, (escape, ...groups: (string | undefined)[]) => unescape(escape, quote, groups));
}

function unescape(escape: string, quote: string, groups: readonly (string | undefined)[]): string {
  const [byteHex, short, long, octal, letter] = groups;
  if (letter !== undefined) {
    const value = letter === quote ? quote : ESCAPES[letter];
    if (value === undefined) throw badExpression(`unknown escape sequence ${escape}`);
    return value;
  }
  const byte =
    byteHex === undefined && octal === undefined
      ? undefined
      : parseInt(byteHex ?? octal ?? "", byteHex === undefined ? 8 : 16);
  // A byte alone could be a part of a character, which a JavaScript string cannot hold.
  if (byte !== undefined && byte > LAST_ASCII) throw badExpression(`${escape} is not supported, write \\u`);
  const point = byte ?? parseInt(short ?? long ?? "", 16);
  if (point > LAST_CODE_POINT || (point >= 0xd800 && point <= 0xdfff)) throw badExpression(`${escape} is no character`);
  return String.fromCodePoint(point);
}

/** The value of a number literal, as Go reads it: decimal, hexadecimal, octal, `Inf`, `NaN`. @throws {QueryFault} */
export function numberOf(text: string): number {
  const [, sign = "", digits = ""] = /^([+-]?)\s*(.*)$/s.exec(text) ?? [];
  const value = magnitudeOf(digits);
  if (value === undefined) throw badExpression(`bad number or duration syntax: "${text}"`);
  return sign === "-" ? -value : value;
}

function magnitudeOf(text: string): number | undefined {
  if (/^inf$/i.test(text)) return Number.POSITIVE_INFINITY;
  if (/^nan$/i.test(text)) return Number.NaN;
  if (/^0x[\dA-Fa-f]{1,15}$/.test(text)) return Number(text);
  if (/^0[0-7]{1,17}$/.test(text)) return Number.parseInt(text, 8);
  return /^(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/.test(text) ? Number(text) : undefined;
}

const DURATION = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/;
const DAY_MS = 86_400_000;
const UNITS_MS = [365 * DAY_MS, 7 * DAY_MS, DAY_MS, 3_600_000, 60_000, 1_000, 1];

/** Milliseconds of a duration as `1h30m`; `undefined` for anything else and for one that no clock can hold. */
export function durationMsOf(text: string): number | undefined {
  if (text === "0") return 0;
  const parts = text === "" ? null : DURATION.exec(text);
  if (parts === null) return undefined;
  const durationMs = UNITS_MS.reduce((sum, unitMs, at) => sum + unitMs * Number(parts[at + 1] ?? 0), 0);
  return Number.isSafeInteger(durationMs) ? durationMs : undefined;
}

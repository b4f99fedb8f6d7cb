import { modelsCodec, operationsCodec, providersCodec, rangeCodec, withValue } from "./codecs.ts";
import { RELATIVE_KEYS, RELATIVE_RANGES, type RelativeRange } from "./range.ts";

/** Where a link may lead after signing in: a path of this origin with exactly one leading slash, else `/`. */
export function safeNext(next: string | null): string {
  if (next === null || !/^\/(?![/\\])/.test(next) || next.includes("\\")) return "/";
  // Browsers drop tabs and line breaks from addresses, which could turn a path into another host.
  return Array.from(next).some((char) => char < " ") ? "/" : next;
}

/** A link to another page that keeps the range and the filters of this one. */
export function pageLink(
  path: string,
  search: string,
  hereDefault: RelativeRange,
  thereDefault: RelativeRange,
): string {
  const params = new URLSearchParams(search);
  let next = "";
  for (const codec of [modelsCodec, operationsCodec, providersCodec]) {
    next = withValue(next, codec, codec.decode(params).value);
  }
  const range = rangeCodec(hereDefault).decode(params).value;
  return `${path}${withValue(next, rangeCodec(thereDefault), range)}`;
}

/** A relative range long enough to show a moment some milliseconds ago; undefined beyond the longest. */
export function rangeReaching(agoMs: number): RelativeRange | undefined {
  return RELATIVE_KEYS.find((key) => RELATIVE_RANGES[key] > agoMs * 1.02);
}

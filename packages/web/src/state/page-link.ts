import { modelsCodec, operationsCodec, providersCodec, rangeCodec, withValue } from "./codecs.ts";
import { RELATIVE_RANGES, type RelativeRange } from "./range.ts";

/** Where a link may lead after signing in: a path of this origin with exactly one leading slash, else `/`. */
export function safeNext(next: string | null): string {
  if (next === null || !/^\/(?![/\\])/.test(next) || /[\u0000-\u001f\\]/.test(next)) return "/";
  return next;
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
  return (Object.keys(RELATIVE_RANGES) as RelativeRange[]).find((key) => RELATIVE_RANGES[key] > agoMs * 1.02);
}

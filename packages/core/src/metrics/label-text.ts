/** Longest label value, in UTF-16 units; names of models and upstreams are far shorter. */
const MAX_LABEL_LENGTH = 256;
const LONE_SURROGATE = /\p{Surrogate}/gu;

/**
 * A label value as it will be scraped: at most 256 characters, valid Unicode. Without this two values that differ only
 * in a lone surrogate would become the same bytes, and one duplicate sample makes the whole scrape fail.
 */
export function labelText(value: string): string {
  // Callers without types hand over numbers and undefined; recording must not throw.
  return String(value).slice(0, MAX_LABEL_LENGTH).replace(LONE_SURROGATE, "\ufffd");
}

/** Key of a set of label values; no value can imitate the border between two others. */
export function labelKey(values: readonly string[]): string {
  return values.length === 1 ? (values[0] ?? "") : values.map((value) => `${value.length}:${value}`).join("");
}

/** Longest label value, in UTF-16 units; names of models and upstreams are far shorter. */
const MAX_LABEL_LENGTH = 256;
const LONE_SURROGATE = /\p{Surrogate}/gu;

/**
 * A label value as it will be scraped: at most 256 characters, valid Unicode. Without this two values that differ only
 * in a lone surrogate would become the same bytes, and one duplicate sample makes the whole scrape fail.
 */
export function labelText(value: unknown): string {
  // JavaScript callers hand over anything; recording must not throw.
  const text = typeof value === "number" || typeof value === "boolean" ? String(value) : value;
  if (typeof text !== "string") return "";
  return text.slice(0, MAX_LABEL_LENGTH).replace(LONE_SURROGATE, "\ufffd");
}

import { LIMITS, type AttributeMap, type AttributeValue } from "@nexent/monitor-core";
import { isHarmless } from "./harmless-text.ts";
import { isSecretKey, redactedValue, redactText } from "./redact.ts";

/** What was changed so that hostile or oversized telemetry can be kept; counted, never silent. */
export interface SanitiseCounts {
  /** Values or keys cut at their limit. */
  cut: number;
  /** Attributes, events, links or list items beyond their limit. */
  dropped: number;
  /** Texts with NUL or broken Unicode. */
  replaced: number;
  /** Texts that held a secret. */
  redacted: number;
}

/** Bulky attributes that are content, with the larger limit. */
const CONTENT_KEYS = new Set([
  "gen_ai.input.messages",
  "gen_ai.output.messages",
  "gen_ai.system_instructions",
  "gen_ai.tool.definitions",
  "gen_ai.tool.call.arguments",
  "gen_ai.tool.call.result",
]);

/** Generated texts in which chance could look like a key: never redacted. */
const OPAQUE_KEYS = new Set(["llm.token_tape"]);

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** One count set for a batch. */
export function emptyCounts(): SanitiseCounts {
  return { cut: 0, dropped: 0, replaced: 0, redacted: 0 };
}

/** Sum of all changes. */
export function totalCount(counts: SanitiseCounts): number {
  return counts.cut + counts.dropped + counts.replaced + counts.redacted;
}

/**
 * Text that can be stored: NUL and lone surrogates become U+FFFD, secrets go, the rest is cut at a UTF-8 boundary.
 * @param maxBytes limit in UTF-8 bytes.
 */
export function cleanText(text: string, maxBytes: number, counts: SanitiseCounts): string {
  if (isHarmless(text) && text.length <= maxBytes) return text;
  const whole = wellFormed(text, counts);
  const safe = redactText(whole);
  if (safe !== whole) counts.redacted++;
  return cutText(safe, maxBytes, counts);
}

function wellFormed(text: string, counts: SanitiseCounts): string {
  if (text.isWellFormed() && !text.includes("\0")) return text;
  counts.replaced++;
  return decoder.decode(encoder.encode(text)).replaceAll("\0", "\uFFFD");
}

/** Cuts at a character boundary so that at most `maxBytes` UTF-8 bytes are left. */
function cutText(text: string, maxBytes: number, counts: SanitiseCounts): string {
  // A UTF-16 unit is at most 3 bytes: short texts need no count.
  if (text.length * 3 <= maxBytes || Buffer.byteLength(text) <= maxBytes) return text;
  counts.cut++;
  const bytes = Buffer.from(text);
  let end = maxBytes;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.toString("utf8", 0, end);
}

/**
 * Attributes that can be stored, in the order they came; those beyond `LIMITS.attributesPerSpan` are dropped.
 * @returns the same map when nothing had to be done.
 */
export function cleanAttributes(attributes: AttributeMap, counts: SanitiseCounts): AttributeMap {
  if (attributes.size > LIMITS.attributesPerSpan) return cleanCopy(attributes, counts);
  const isOrdinary = hasOrdinaryKeys(attributes);
  if (!isOrdinary && !hasCleanKeys(attributes)) return cleanCopy(attributes, counts);
  let own: Map<string, AttributeValue> | undefined;
  for (const [key, value] of attributes) {
    if ((isOrdinary || !isSecretKey(key)) && isPlain(value)) continue;
    const clean = cleanValue(key, value, counts);
    if (clean !== value) (own ??= new Map(attributes)).set(key, clean);
  }
  return own ?? attributes;
}

function hasOrdinaryKeys(attributes: AttributeMap): boolean {
  for (const key of attributes.keys()) if (!isOrdinaryKey(key)) return false;
  return true;
}

/** Keys that need no change and name no secret, of those that repeat; a bounded number of them. */
const ordinaryKeys = new Set<string>();

function isOrdinaryKey(key: string): boolean {
  if (ordinaryKeys.has(key)) return true;
  if (isSecretKey(key) || !isCleanKey(key)) return false;
  if (ordinaryKeys.size >= MAX_CLEAN_KEYS) ordinaryKeys.clear();
  ordinaryKeys.add(key);
  return true;
}

/** Whether a value needs no look but this one, whatever its key. */
function isPlain(value: AttributeValue): boolean {
  return typeof value === "string" ? isHarmless(value) : typeof value !== "object";
}

function hasCleanKeys(attributes: AttributeMap): boolean {
  for (const key of attributes.keys()) if (!isCleanKey(key)) return false;
  return true;
}

function cleanCopy(attributes: AttributeMap, counts: SanitiseCounts): AttributeMap {
  const clean = new Map<string, AttributeValue>();
  for (const [key, value] of attributes) {
    if (clean.size >= LIMITS.attributesPerSpan) {
      counts.dropped += attributes.size - clean.size;
      break;
    }
    clean.set(cleanKey(key, counts), cleanValue(key, value, counts));
  }
  return clean;
}

/** Keys repeat in every span: those that need no change are remembered, a bounded number of them. */
const MAX_CLEAN_KEYS = 4096;
const cleanKeys = new Set<string>();

function isCleanKey(key: string): boolean {
  if (cleanKeys.has(key)) return true;
  if (cleanText(key, LIMITS.keyBytes, emptyCounts()) !== key) return false;
  if (cleanKeys.size >= MAX_CLEAN_KEYS) cleanKeys.clear();
  cleanKeys.add(key);
  return true;
}

function cleanKey(key: string, counts: SanitiseCounts): string {
  return isCleanKey(key) ? key : cleanText(key, LIMITS.keyBytes, counts);
}

function cleanValue(key: string, value: AttributeValue, counts: SanitiseCounts): AttributeValue {
  if (isSecretKey(key) && value !== null && value !== "") {
    if (value !== redactedValue()) counts.redacted++;
    return redactedValue();
  }
  if (typeof value !== "string" && typeof value !== "object") return value;
  const maxBytes = CONTENT_KEYS.has(key) ? LIMITS.contentValueBytes : LIMITS.valueBytes;
  if (typeof value === "string" && OPAQUE_KEYS.has(key)) return cutText(wellFormed(value, counts), maxBytes, counts);
  return cleanNested(value, { bytes: maxBytes }, counts);
}

/** A list or map shares one budget of bytes, so that nesting cannot multiply the limit. */
function cleanNested(value: AttributeValue, budget: { bytes: number }, counts: SanitiseCounts): AttributeValue {
  if (typeof value === "string") {
    const text = cleanText(value, Math.max(0, budget.bytes), counts);
    budget.bytes -= Buffer.byteLength(text);
    return text;
  }
  if (value instanceof Uint8Array) {
    const end = Math.max(0, budget.bytes);
    if (value.byteLength > end) counts.cut++;
    budget.bytes -= Math.min(end, value.byteLength);
    return value.byteLength > end ? value.slice(0, end) : value;
  }
  if (Array.isArray(value)) return cleanList(value as readonly AttributeValue[], budget, counts);
  if (value instanceof Map) return cleanMap(value as AttributeMap, budget, counts);
  budget.bytes -= SCALAR_BYTES;
  return value;
}

/** What a number, boolean, bigint or null takes from the budget. */
const SCALAR_BYTES = 8;

function cleanList(
  list: readonly AttributeValue[],
  budget: { bytes: number },
  counts: SanitiseCounts,
): readonly AttributeValue[] {
  const clean: AttributeValue[] = [];
  for (const item of list) {
    budget.bytes--;
    if (budget.bytes <= 0) {
      counts.dropped += list.length - clean.length;
      break;
    }
    clean.push(cleanNested(item, budget, counts));
  }
  return clean;
}

function cleanMap(map: AttributeMap, budget: { bytes: number }, counts: SanitiseCounts): AttributeMap {
  const clean = new Map<string, AttributeValue>();
  for (const [key, value] of map) {
    const name = cleanKey(key, counts);
    budget.bytes -= Buffer.byteLength(name) + 1;
    if (budget.bytes <= 0) {
      counts.dropped += map.size - clean.size;
      break;
    }
    if (isSecretKey(key)) {
      counts.redacted++;
      clean.set(name, redactedValue());
    } else {
      clean.set(name, cleanNested(value, budget, counts));
    }
  }
  return clean;
}

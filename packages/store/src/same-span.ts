import { encodeColumnBatch } from "@nexent/monitor-core";
import type { StoredSpan } from "./contract.ts";

/** Whether two spans say exactly the same: their encodings are equal. */
export function isSameSpan(a: StoredSpan, b: StoredSpan): boolean {
  return Buffer.compare(encodeColumnBatch([a], 0), encodeColumnBatch([b], 0)) === 0;
}

/** What to do with a span whose identity is stored already. */
export type RepeatVerdict = "replace" | "duplicate" | "conflict";

/**
 * A span with an end replaces one without; a copy without an end of a span that has one is an earlier view of it;
 * otherwise the first stays, and a different one is a conflict.
 */
export function judgeRepeat(stored: StoredSpan, next: StoredSpan): RepeatVerdict {
  const storedEnded = stored.span.durationNanos !== undefined;
  const nextEnded = next.span.durationNanos !== undefined;
  if (!storedEnded && nextEnded) return "replace";
  if (storedEnded && !nextEnded) return "duplicate";
  return isSameSpan(stored, next) ? "duplicate" : "conflict";
}

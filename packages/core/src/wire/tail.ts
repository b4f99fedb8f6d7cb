import { LIMITS } from "../limits.ts";
import { latin1Of } from "../utf8.ts";

/**
 * `tail` and the bytes behind it, of which at least the last 16 KiB stay, and at most twice that. What a frame beyond the
 * bound says at its end (usage, finish reason) is kept so: the middle of an image says nothing.
 */
export function withTail(tail: string, bytes: Uint8Array, start: number, end: number): string {
  const longer = tail + latin1Of(bytes, Math.max(start, end - LIMITS.observerTailBytes), end);
  // Cut back seldom: a frame may come byte by byte.
  return longer.length > 2 * LIMITS.observerTailBytes ? longer.slice(-LIMITS.observerTailBytes) : longer;
}

/** The end that a finished frame hands on: the same bytes however the frame came in pieces. */
export function endOfTail(tail: string): string {
  return tail.length > LIMITS.observerTailBytes ? tail.slice(-LIMITS.observerTailBytes) : tail;
}

/**
 * Token tape, version 1: time, kind and token count of every counted chunk of one answer in one base64 string, about two
 * bytes per chunk (measurement contract 5.4). Times, kinds and counts only, never text.
 *
 * ```
 * byte    version (1)
 * byte    flags: bit 0 = every entry has a token count, bit 1 = no entry has one, bit 2 = merged
 * varint  tick size in microseconds (16)
 * varint  ticks from `t_req` to the first entry
 * run*    varint run length << 5 | kind << 2 | count mode      kind: text reasoning tool refusal audio
 *         entry* of the run: varint ticks since the previous entry (0 for the very first),
 *                            varint token count when the count mode is 1
 * ```
 * Count mode 0 = one token each, 1 = count follows, 2 = unknown. Varints are little-endian base 128. Deltas are
 * differences of rounded absolute ticks, so rounding errors do not add up: every time is exact to one tick.
 */
import type { DeltaKind } from "./providers/provider.ts";

export const VERSION = 1;
export const TICK_MICROS = 16;
export const FLAG_COUNTED = 1;
export const FLAG_UNCOUNTED = 2;
export const FLAG_MERGED = 4;
export const ONE_EACH = 0;
export const COUNT_FOLLOWS = 1;
export const UNKNOWN = 2;

/** Kinds by their number on the tape and in the chunk log; never reordered. */
export const KINDS: readonly DeltaKind[] = ["text", "reasoning", "tool", "refusal", "audio"];
export const TEXT = KINDS.indexOf("text");

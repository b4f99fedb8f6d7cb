import { FIRST_FRAGMENT, LAST_FRAGMENT, MAX_PAYLOAD_BYTES } from "./frame-format.ts";
import type { BatchFacts } from "./segment-trailer.ts";

/** A frame of a batch, before it is known which number it gets. */
export interface PlannedFrame {
  readonly payload: Uint8Array;
  readonly flags: number;
  readonly facts: BatchFacts;
  /** The last frame of its batch has a number at most this much higher. */
  readonly reach: number;
}

/** Cuts a batch into frames; one, unless it is larger than a frame may be. */
export function planFrames(payload: Uint8Array, facts: BatchFacts): readonly PlannedFrame[] {
  const count = Math.max(1, Math.ceil(payload.length / MAX_PAYLOAD_BYTES));
  return Array.from({ length: count }, (_, at) => ({
    payload: payload.subarray(at * MAX_PAYLOAD_BYTES, (at + 1) * MAX_PAYLOAD_BYTES),
    flags: (at === 0 ? FIRST_FRAGMENT : 0) | (at === count - 1 ? LAST_FRAGMENT : 0),
    facts,
    // Between any two fragments a segment may end, which takes a number too.
    reach: (count - 1 - at) * 2,
  }));
}

import { performance } from "node:perf_hooks";

/** Time as the server needs it: the wall clock only labels data, every duration is monotonic. */
export interface Clock {
  /** Unix milliseconds. */
  wallMs(): number;
  /** Milliseconds of a clock that never jumps. */
  monotonicMs(): number;
}

/** The real clocks of this process. */
export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};

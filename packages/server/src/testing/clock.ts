import type { Clock } from "../clock.ts";

/** A clock that stands still until it is moved. */
export interface FakeClock extends Clock {
  /** Moves both clocks forward. */
  advance(ms: number): void;
  /** Moves the wall clock alone, as an operator or NTP does. */
  jumpWall(ms: number): void;
}

/** @param wallMs where the wall clock starts; default now. */
export function createFakeClock(wallMs = Date.now()): FakeClock {
  let wall = wallMs;
  let monotonic = 1_000;
  return {
    wallMs: () => wall,
    monotonicMs: () => monotonic,
    advance(ms) {
      wall += ms;
      monotonic += ms;
    },
    jumpWall(ms) {
      wall += ms;
    },
  };
}

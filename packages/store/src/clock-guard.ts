/** A larger step of the wall clock against the monotonic one is a jump, not drift. */
const MAX_STEP_MS = 10 * 60_000;

/** Says whether the wall clock may be believed where believing it deletes data. */
export interface ClockGuard {
  /** `false` after a jump of more than 10 min; the next call compares with the clock as it is now, so it confirms it. */
  confirm(): boolean;
}

/** Compares with the clocks at its creation first. @param wallMs Unix ms. @param monotonicMs a clock that never jumps. */
export function createClockGuard(wallMs: () => number, monotonicMs: () => number): ClockGuard {
  let [wall, monotonic] = [wallMs(), monotonicMs()];
  return {
    confirm() {
      const [nowWall, nowMonotonic] = [wallMs(), monotonicMs()];
      const step = Math.abs(nowWall - wall - (nowMonotonic - monotonic));
      [wall, monotonic] = [nowWall, nowMonotonic];
      return step <= MAX_STEP_MS;
    },
  };
}

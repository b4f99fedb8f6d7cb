/** Wall time with sub-millisecond steps, so that the starts of two spans of one request keep their distance. */

/** Beyond this distance the wall clock was set, and we follow it. */
const STEP_MS = 5;

/** A clock of Unix milliseconds with fraction: runs with the monotonic clock and follows a wall clock that was set. */
export function createWallClock(
  wallMs: () => number = Date.now,
  monotonicMs: () => number = () => performance.now(),
): () => number {
  let offset = wallMs() - monotonicMs();
  return () => {
    const wall = wallMs();
    const now = monotonicMs();
    if (Math.abs(offset + now - wall) > STEP_MS) offset = wall - now;
    return offset + now;
  };
}

const TICK_MS = 50;
/** Delays below this are the timer's own noise. */
const NOISE_MS = 10;
const REMEMBERED = 256;

/** Notices when the event loop was held up, so that marks taken then can be doubted. One timer for all open calls. */
export interface LoopLag {
  /** Longest delay in seconds seen since a monotonic time; absent below 10 ms. */
  longestSince(atMs: number): number | undefined;
  start(): void;
  stop(): void;
}

/**
 * @param nowMs monotonic milliseconds.
 * @param isNeeded whether a call is open; the timer stops itself when none is, since calls may be short and many.
 */
export function createLoopLag(nowMs: () => number, isNeeded: () => boolean): LoopLag {
  const delays: { readonly atMs: number; readonly lagMs: number }[] = [];
  let timer: NodeJS.Timeout | undefined;
  let dueMs = 0;

  const note = (): void => {
    const atMs = nowMs();
    const lagMs = atMs - dueMs;
    dueMs = atMs + TICK_MS;
    if (!isNeeded()) return stop();
    if (lagMs < NOISE_MS) return;
    delays.push({ atMs, lagMs });
    if (delays.length > REMEMBERED) delays.shift();
  };

  function stop(): void {
    clearInterval(timer);
    timer = undefined;
    delays.length = 0;
  }

  return {
    longestSince(atMs) {
      const now = nowMs();
      // A call that ends inside the blocked turn comes before the late tick. No call is held up longer than it lasts.
      let longestMs = timer === undefined ? 0 : Math.min(now - dueMs, now - atMs);
      for (const delay of delays) longestMs = Math.max(longestMs, Math.min(delay.lagMs, delay.atMs - atMs));
      return longestMs < NOISE_MS ? undefined : longestMs / 1000;
    },
    start() {
      if (timer !== undefined) return;
      dueMs = nowMs() + TICK_MS;
      timer = setInterval(note, TICK_MS);
      timer.unref();
    },
    stop,
  };
}

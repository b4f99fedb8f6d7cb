const SLOTS = 10;
const SLOT_MS = 1_000;

/** Events per second over the last ten seconds; no timer behind it. */
export interface RateWindow {
  add(count: number): void;
  perSecond(): number;
}

/** @param monotonicMs clock that never jumps. */
export function createRateWindow(monotonicMs: () => number): RateWindow {
  const counts = new Float64Array(SLOTS);
  let newest = Math.floor(monotonicMs() / SLOT_MS);

  /** Empties the slots between the newest one and now. */
  function advance(): void {
    const now = Math.floor(monotonicMs() / SLOT_MS);
    for (let slot = Math.max(newest + 1, now - SLOTS + 1); slot <= now; slot++) counts[slot % SLOTS] = 0;
    newest = Math.max(newest, now);
  }

  return {
    add(count) {
      advance();
      const slot = newest % SLOTS;
      counts[slot] = (counts[slot] ?? 0) + count;
    },
    perSecond() {
      advance();
      return counts.reduce((sum, count) => sum + count, 0) / SLOTS;
    },
  };
}

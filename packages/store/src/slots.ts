/** Lets a few questions run at once; the others wait in the order they came. */
export interface Slots {
  /** Runs when there is room. @throws the signal's reason when that takes too long. */
  run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T>;
}

/** @param count questions that run at once. */
export function createSlots(count: number): Slots {
  let free = count;
  const waiting = new Set<() => void>();

  function release(): void {
    const next = waiting.values().next().value;
    if (next === undefined) free++;
    else next();
  }

  function acquire(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (free > 0) {
      free--;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const enter = (): void => {
        waiting.delete(enter);
        signal.removeEventListener("abort", leave);
        resolve();
      };
      const leave = (): void => {
        waiting.delete(enter);
        reject(signal.reason as Error);
      };
      waiting.add(enter);
      signal.addEventListener("abort", leave, { once: true });
    });
  }

  return {
    async run(signal, work) {
      await acquire(signal);
      try {
        return await work();
      } finally {
        release();
      }
    },
  };
}

/**
 * Lets queries run together and a commit that touches several files run alone, so that no query sees half of it. Who
 * waits to run alone goes before newcomers.
 */
export interface ReadGate {
  shared<T>(work: () => Promise<T>): Promise<T>;
  exclusive<T>(work: () => Promise<T>): Promise<T>;
}

/** An open gate. */
export function createReadGate(): ReadGate {
  let readers = 0;
  let readersGone: (() => void) | undefined;
  let closed: Promise<void> | undefined;

  return {
    async shared(work) {
      while (closed !== undefined) await closed;
      readers++;
      try {
        return await work();
      } finally {
        readers--;
        if (readers === 0) readersGone?.();
      }
    },
    async exclusive(work) {
      while (closed !== undefined) await closed;
      let open: () => void = () => undefined;
      closed = new Promise((resolve) => (open = resolve));
      try {
        if (readers > 0) await new Promise<void>((resolve) => (readersGone = resolve));
        return await work();
      } finally {
        readersGone = undefined;
        closed = undefined;
        open();
      }
    },
  };
}

/** Runs callbacks at absolute times that do not drift, to about 0.2 ms while few are waiting. */
export interface DeadlineClock {
  /** Monotonic milliseconds with fraction; all deadlines are on this clock. */
  nowMs(): number;
  /** Runs `run` once at `dueMs` (or at once when that is past). @returns cancels it. */
  at(dueMs: number, run: () => void): () => void;
  /** Callbacks that still wait. */
  readonly waiting: number;
  /** Drops everything that waits. */
  close(): void;
}

export interface DeadlineClockOptions {
  /** How long before a deadline the timer hands over to the spinning event loop; default 2.5 ms. */
  readonly spinMs?: number;
  /**
   * Up to how many waiting callbacks spinning is worth its CPU; default 8. Beyond it plain timers are used (about 1 ms):
   * a crowd of streams would otherwise keep a core busy all the time.
   */
  readonly spinUpTo?: number;
}

interface Entry {
  readonly dueMs: number;
  readonly run: () => void;
}

class SharedDeadlineClock implements DeadlineClock {
  readonly #spinMs: number;
  readonly #spinUpTo: number;
  /** Sorted by due time. */
  readonly #entries: Entry[] = [];
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;

  constructor(options: DeadlineClockOptions) {
    this.#spinMs = options.spinMs ?? 2.5;
    this.#spinUpTo = options.spinUpTo ?? 8;
  }

  nowMs(): number {
    return performance.now();
  }

  get waiting(): number {
    return this.#entries.length;
  }

  at(dueMs: number, run: () => void): () => void {
    const entry: Entry = { dueMs, run };
    let index = this.#entries.length;
    while (index > 0 && (this.#entries[index - 1]?.dueMs ?? 0) > dueMs) index -= 1;
    this.#entries.splice(index, 0, entry);
    if (index === 0) this.#arm();
    return () => {
      const found = this.#entries.indexOf(entry);
      if (found >= 0) this.#entries.splice(found, 1);
      if (found === 0) this.#arm();
    };
  }

  close(): void {
    this.#entries.length = 0;
    this.#arm();
  }

  #arm(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const next = this.#entries[0];
    if (next === undefined) {
      clearImmediate(this.#immediate);
      this.#immediate = undefined;
      return;
    }
    if (this.#immediate !== undefined) return;
    const waitMs = next.dueMs - this.nowMs();
    const spins = this.#entries.length <= this.#spinUpTo;
    if (waitMs <= 0 || (spins && waitMs <= this.#spinMs)) {
      this.#immediate = setImmediate(() => this.#tick());
    } else {
      // Node's timers never fire early, so the remaining distance is spun away on the event loop.
      this.#timer = setTimeout(
        () => this.#tick(),
        Math.max(1, Math.floor(spins ? waitMs - this.#spinMs + 0.5 : waitMs)),
      );
    }
  }

  #tick(): void {
    this.#immediate = undefined;
    let next = this.#entries[0];
    while (next !== undefined && next.dueMs <= this.nowMs()) {
      this.#entries.shift();
      next.run();
      next = this.#entries[0];
    }
    this.#arm();
  }
}

/** A clock shared by all streams of one server, so that at most one timer and one spin exist. */
export function createDeadlineClock(options: DeadlineClockOptions = {}): DeadlineClock {
  return new SharedDeadlineClock(options);
}

import { nextFlush, type FlushSizeOptions } from "./flush-size.ts";
import type { TailBatch } from "./tail.ts";

/** A batch that waits for the index. */
export interface QueuedBatch {
  readonly batch: { readonly rowCount: number };
  /** Monotonic time at which it became durable, ms. */
  readonly durableAtMillis: number;
}

/** Options of the feeder. */
export interface FeederOptions<T extends QueuedBatch> extends FlushSizeOptions {
  /** Longest wait of a durable batch for others, ms; a remainder that fills no row group may wait once more. */
  readonly flushMs: number;
  /** Puts batches into the index. */
  readonly write: (batches: readonly T[]) => Promise<void>;
  readonly onIndexed: (batches: readonly T[]) => void;
  /** Called after a failed write; the same batches are written again once it resolves. */
  readonly onError: (error: unknown, failuresInARow: number) => Promise<void>;
}

/** Takes durable batches to the index, in their order, one write at a time. */
export interface Feeder<T extends QueuedBatch = TailBatch> {
  add(batch: T): void;
  /** Age of the oldest batch that is not indexed, seconds. */
  lagSeconds(): number;
  /** Runs work that must not overlap with a write. */
  between<R>(work: () => Promise<R>): Promise<R>;
  /** Resolves once everything added before is indexed. */
  flush(): Promise<void>;
  /** Stops after the current write; batches that are left are read from the journal at the next start. */
  stop(): Promise<void>;
}

/** An idle feeder. */
export function createFeeder<T extends QueuedBatch = TailBatch>(options: FeederOptions<T>): Feeder<T> {
  const queue: T[] = [];
  const flushWaiters: { readonly after: T; readonly resolve: () => void }[] = [];
  let queuedRows = 0;
  let turn: Promise<unknown> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  let draining: Promise<void> | undefined;
  let stopped = false;

  function inTurn<R>(work: () => Promise<R>): Promise<R> {
    const result = turn.then(work, work);
    turn = result.catch(() => undefined);
    return result;
  }

  function schedule(): void {
    if (queue.length === 0 || draining !== undefined || stopped) return;
    if (queuedRows >= options.flushRows || flushWaiters.length > 0) startDrain();
    else timer ??= setTimeout(startDrain, options.flushMs);
  }

  function startDrain(): void {
    clearTimeout(timer);
    timer = undefined;
    draining ??= drain().finally(() => {
      draining = undefined;
      schedule();
    });
  }

  /**
   * Everything that was there at the beginning, but for a remainder behind full row groups; what comes meanwhile fills
   * the next round.
   */
  async function drain(): Promise<void> {
    let left = queue.length;
    let hasFilledGroups = false;
    while (left > 0 && !stopped) {
      const next = nextFlush(
        queue.map(({ batch }) => batch.rowCount),
        options,
      );
      if (hasFilledGroups && !next.fillsGroups && flushWaiters.length === 0) return;
      hasFilledGroups ||= next.fillsGroups;
      const batches = queue.slice(0, next.batches);
      left -= batches.length;
      await writeUntilDone(batches);
      queue.splice(0, batches.length);
      queuedRows -= rowsOf(batches);
      options.onIndexed(batches);
      wakeWaiters();
    }
  }

  async function writeUntilDone(batches: readonly T[]): Promise<void> {
    for (let failures = 1; !stopped; failures++) {
      try {
        await inTurn(() => options.write(batches));
        return;
      } catch (error) {
        await options.onError(error, failures);
      }
    }
    throw new FeederStopped();
  }

  function wakeWaiters(): void {
    for (let at = flushWaiters.length - 1; at >= 0; at--) {
      const waiter = flushWaiters[at];
      if (waiter === undefined || queue.includes(waiter.after)) continue;
      flushWaiters.splice(at, 1);
      waiter.resolve();
    }
  }

  return {
    add(batch) {
      queue.push(batch);
      queuedRows += batch.batch.rowCount;
      schedule();
    },
    lagSeconds: () => {
      const [oldest] = queue;
      return oldest === undefined ? 0 : Math.max(0, performance.now() - oldest.durableAtMillis) / 1000;
    },
    between: inTurn,
    async flush() {
      const after = queue.at(-1);
      if (after === undefined) return;
      await new Promise<void>((resolve) => {
        flushWaiters.push({ after, resolve });
        schedule();
      });
    },
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await draining?.catch((error: unknown) => {
        if (!(error instanceof FeederStopped)) throw error;
      });
      for (const { resolve } of flushWaiters.splice(0)) resolve();
      await turn;
    },
  };
}

/** The feeder was stopped while a write kept failing. */
class FeederStopped extends Error {}

function rowsOf(batches: readonly QueuedBatch[]): number {
  return batches.reduce((sum, { batch }) => sum + batch.rowCount, 0);
}

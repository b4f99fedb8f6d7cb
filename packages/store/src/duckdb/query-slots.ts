import type { DuckDBConnection } from "@duckdb/node-api";
import { MonitorError } from "@nexent/monitor-core";

/** Options of the query slots. */
export interface QuerySlotsOptions {
  readonly connect: () => Promise<DuckDBConnection>;
  readonly count: number;
  readonly timeoutMs: number;
}

/** Connections for queries: a few at once, each for a limited time. */
export interface QuerySlots {
  /**
   * Runs a query on a free connection; waiting counts towards its time. An aborted or late query is interrupted.
   * @throws {QUERY_TIMEOUT} or the reason of the signal.
   */
  run<T>(signal: AbortSignal | undefined, query: (connection: DuckDBConnection) => Promise<T>): Promise<T>;
  close(): void;
}

/** Slots whose connections are opened when they are first needed. */
export function createQuerySlots({ connect, count, timeoutMs }: QuerySlotsOptions): QuerySlots {
  const free: DuckDBConnection[] = [];
  const waiting: (() => void)[] = [];
  let used = 0;
  let closed = false;

  async function acquire(signal: AbortSignal): Promise<DuckDBConnection> {
    while (used >= count) {
      await new Promise<void>((resolve, reject) => {
        waiting.push(resolve);
        signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
      });
    }
    signal.throwIfAborted();
    used++;
    try {
      return free.pop() ?? (await connect());
    } catch (error) {
      release();
      throw error;
    }
  }

  function release(): void {
    used--;
    // Waiters that were aborted meanwhile do not mind being woken.
    for (const wake of waiting.splice(0)) wake();
  }

  return {
    async run(signal, query) {
      const timeout = AbortSignal.timeout(timeoutMs);
      const stop = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
      try {
        const connection = await acquire(stop);
        try {
          return await interruptible(connection, stop, query);
        } finally {
          if (closed) connection.closeSync();
          else free.push(connection);
          release();
        }
      } catch (error) {
        if (signal?.aborted === true) throw signal.reason;
        if (timeout.aborted)
          throw new MonitorError("QUERY_TIMEOUT", "the query ran longer than " + String(timeoutMs) + " ms", {
            cause: error,
          });
        throw error;
      }
    },
    close() {
      closed = true;
      for (const connection of free.splice(0)) connection.closeSync();
    },
  };
}

async function interruptible<T>(
  connection: DuckDBConnection,
  stop: AbortSignal,
  query: (connection: DuckDBConnection) => Promise<T>,
): Promise<T> {
  const interrupt = (): void => connection.interrupt();
  stop.addEventListener("abort", interrupt, { once: true });
  try {
    const result = await query(connection);
    // An interrupt between two statements would otherwise be lost.
    stop.throwIfAborted();
    return result;
  } finally {
    stop.removeEventListener("abort", interrupt);
  }
}

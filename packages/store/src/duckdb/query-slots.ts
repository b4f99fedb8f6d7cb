import type { DuckDBConnection } from "@duckdb/node-api";
import { MonitorError } from "@nexent/monitor-core";
import { createSlots } from "../slots.ts";

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
  const slots = createSlots(count);
  const free: DuckDBConnection[] = [];
  let closed = false;

  return {
    async run(signal, query) {
      const timeout = AbortSignal.timeout(timeoutMs);
      const stop = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
      try {
        return await slots.run(stop, async () => {
          const connection = free.pop() ?? (await connect());
          try {
            return await interruptible(connection, stop, query);
          } finally {
            if (closed) connection.closeSync();
            else free.push(connection);
          }
        });
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

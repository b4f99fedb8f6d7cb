import { setTimeout as sleep } from "node:timers/promises";
import type { DuckDBConnection, DuckDBPendingResult } from "@duckdb/node-api";
import duckdb from "@duckdb/node-bindings";

const LONGEST_SLEEP_MS = 16;

type PendingHandle = Parameters<typeof duckdb.pending_execute_check_state>[0];

/** How to wait for a statement. */
export interface BackgroundOptions {
  /** How long the engine's own thread may be busy with something else before another thread does the work, ms. */
  readonly patienceMs: number;
  /** The engine is known to work on the statement: patience has no end. Default: never known. */
  readonly hasBegun?: () => boolean;
}

/**
 * Runs a statement without a result on the engine's own thread, and sleeps meanwhile. `run` would let a thread of libuv
 * turn in a loop, with a lock in every round, for as long as the engine's thread works on the statement: a second core
 * that only waits.
 */
export async function runInBackground(
  connection: Pick<DuckDBConnection, "prepare">,
  sql: string,
  { patienceMs, hasBegun = () => false }: BackgroundOptions,
): Promise<void> {
  const statement = await connection.prepare(sql);
  try {
    // From here on the engine's thread may take it.
    const pending = statement.start();
    const deadline = performance.now() + patienceMs;
    for (let sleepMs = 1; !isFinished(pending); sleepMs = Math.min(sleepMs * 2, LONGEST_SLEEP_MS)) {
      if (performance.now() > deadline && !hasBegun()) break;
      await sleep(sleepMs);
    }
    await pending.getResult();
  } finally {
    statement.destroySync();
  }
}

/** Done, or failed; where that cannot be asked, the rest is waited for as `run` does. */
function isFinished(pending: DuckDBPendingResult): boolean {
  const handle = handleOf(pending);
  if (handle === undefined) return true;
  const state = duckdb.pending_execute_check_state(handle);
  return state === duckdb.PendingState.ERROR || duckdb.pending_execution_is_finished(state);
}

/**
 * What the bindings can be asked about; `undefined` when the node-api keeps it elsewhere. It shows nobody its handle, and
 * its own `runTask` cannot ask without doing a part of the work at once, on the JavaScript thread.
 */
export function handleOf(pending: DuckDBPendingResult): PendingHandle | undefined {
  return pending["pending_result"];
}

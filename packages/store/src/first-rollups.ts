import type { IndexKeeper } from "./index-keeper.ts";
import type { StoreLogger } from "./contract.ts";

/** Options of the first pass. */
export interface FirstRollupsOptions {
  readonly keeper: Pick<IndexKeeper, "index" | "degraded">;
  /** Time to wait; endless = no pass. */
  readonly afterMs: number;
  readonly logger: StoreLogger;
}

/**
 * Makes the rollups that an upgrade or a restored backup lacks, a little after the start: then nobody waits for them who
 * asks for many days. What it cannot make is left to the next upkeep.
 * @returns ends it.
 */
export function startFirstRollups({ keeper, afterMs, logger }: FirstRollupsOptions): () => void {
  const stopping = new AbortController();
  if (!Number.isFinite(afterMs)) return () => undefined;

  async function run(): Promise<void> {
    if (keeper.degraded) return;
    try {
      await keeper.index.rollUp(stopping.signal);
    } catch (error) {
      if (!stopping.signal.aborted) logger.warn("rollup_failed", { error: String(error) });
    }
  }

  const timer = setTimeout(() => void run(), afterMs);
  timer.unref();
  return () => {
    clearTimeout(timer);
    stopping.abort();
  };
}

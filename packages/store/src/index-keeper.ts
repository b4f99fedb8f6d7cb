import { MonitorError } from "@nexent/monitor-core";
import type { StoreLogger } from "./contract.ts";
import type { LookUp } from "./dedupe.ts";
import type { DuckdbIndex } from "./duckdb/duckdb-index.ts";

/** Options of the index keeper. */
export interface IndexKeeperOptions {
  readonly open: () => Promise<DuckdbIndex>;
  /**
   * Brings what the journal holds and the index lacks into the index; resolves when it is done.
   * @param index the index to fill.
   */
  readonly replay: (index: DuckdbIndex) => Promise<void>;
  /** Runs work that must not overlap with a write to the index. */
  readonly between: <T>(work: () => Promise<T>) => Promise<T>;
  /** Whether the folder of the index takes anything now. */
  readonly isWritable: () => Promise<boolean>;
  readonly logger: StoreLogger;
}

/** Holds the index and puts it right when it breaks: files that are damaged are set aside and built again. */
export interface IndexKeeper {
  readonly index: DuckdbIndex;
  /** Rows that are stored cannot all be found now. */
  readonly degraded: boolean;
  /** Asks the index; a sign of damage starts a repair. @throws {STORE_UNAVAILABLE} */
  ask<T>(question: (index: DuckdbIndex) => Promise<T>): Promise<T>;
  readonly lookUp: LookUp;
  /** A file was set aside: its rows are not to be found from now on. */
  markDegraded(): void;
  /** Fills an index that lacks rows, in the background. */
  rebuild(): void;
  /** Takes note of a failed write; opens the index again if it will not recover by itself. */
  onWriteError(error: unknown): Promise<void>;
  /** Waits for a repair that is under way. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

/** What the engine says when a file is damaged, and when it has to be opened again before it takes anything. */
const DAMAGE = /corrupt|checksum|IO Error|serialization|FATAL|invalidated/i;
const UNUSABLE = /FATAL|invalidated|read-only/i;
/** What it says of files that were opened to be read only, since the disk took nothing. */
const READ_ONLY = /read-only/i;

const REPAIR_RETRY_MS = 5_000;

/** Keeps an index that is open already. */
export function createIndexKeeper(first: DuckdbIndex, options: IndexKeeperOptions): IndexKeeper {
  let index = first;
  let degraded = false;
  let repair: Promise<void> | undefined;
  let closed = false;

  function startRepair(work: () => Promise<boolean>): void {
    repair ??= runRepair(work).finally(() => (repair = undefined));
  }

  async function runRepair(work: () => Promise<boolean>): Promise<void> {
    try {
      const needsReplay = (await work()) || degraded;
      if (needsReplay && !closed) {
        degraded = true;
        await options.between(() => options.replay(index));
      }
      degraded = false;
    } catch (error) {
      if (closed) return;
      options.logger.warn("index_repair_failed", { error: String(error) });
      // Until it works the answers stay marked as incomplete.
      const again = work === reopen || UNUSABLE.test(String(error)) ? () => reopenAfter(error) : fill;
      setTimeout(() => closed || startRepair(again), REPAIR_RETRY_MS).unref();
    }
  }

  /** Nothing but the replay. */
  async function fill(): Promise<boolean> {
    return true;
  }

  /** Reads every file; those that were set aside are built again. */
  async function verify(): Promise<boolean> {
    const lost = await options.between(() => index.verifyAll());
    return lost.length > 0;
  }

  /** As long as the disk takes nothing, another opening changes nothing and disturbs queries. */
  async function reopenAfter(error: unknown): Promise<boolean> {
    if (READ_ONLY.test(String(error)) && !(await options.isWritable())) throw error;
    return await reopen();
  }

  async function reopen(): Promise<boolean> {
    return await options.between(async () => {
      degraded = true;
      await index.close().catch(() => undefined); // it is broken; what matters is whether the next one opens
      index = await options.open();
      await index.verifyAll();
      return true;
    });
  }

  function translate(error: unknown): unknown {
    if (error instanceof MonitorError || !(error instanceof Error) || error.name === "AbortError") return error;
    if (!closed && DAMAGE.test(error.message)) {
      options.logger.warn("index_damage_suspected", { error: error.message });
      startRepair(UNUSABLE.test(error.message) ? reopen : verify);
    }
    return new MonitorError("STORE_UNAVAILABLE", "the index could not answer", {
      cause: error,
      hint: "Try again in some seconds; damaged files are rebuilt.",
    });
  }

  return {
    get index() {
      return index;
    },
    get degraded() {
      return degraded;
    },
    async ask(question) {
      try {
        return await question(index);
      } catch (error) {
        throw translate(error);
      }
    },
    async lookUp(identities) {
      // Rows that are not back yet would look like rows that never were.
      if (degraded) throw new MonitorError("STORE_UNAVAILABLE", "the index is being rebuilt");
      try {
        return await index.lookUp(identities);
      } catch (error) {
        throw translate(error);
      }
    },
    markDegraded() {
      degraded = true;
    },
    rebuild() {
      degraded = true;
      startRepair(fill);
    },
    async onWriteError(error) {
      options.logger.warn("index_write_failed", { error: String(error) });
      if (!UNUSABLE.test(String(error))) return;
      if (READ_ONLY.test(String(error)) && !(await options.isWritable())) return;
      startRepair(reopen);
      await repair;
    },
    async settled() {
      await repair;
    },
    async close() {
      closed = true;
      await repair;
      // Here and not at the next start; a log that stays is replayed then.
      await index.checkpoint(0).catch((error: unknown) => {
        options.logger.warn("index_checkpoint_failed", { error: String(error) });
      });
      await index.close();
    },
  };
}

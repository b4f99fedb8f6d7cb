import type { MonitorError } from "@nexent/monitor-core";
import type { AcknowledgedListener, Capabilities, StoreLogger } from "./contract.ts";
import type { EngineLimits } from "./duckdb/database.ts";
import type { IoPort } from "./io-port.ts";

/** Options of the embedded store. */
export interface EmbeddedStoreOptions {
  /** Created if it does not exist; one process holds it at a time. */
  readonly dataDir: string;
  /** `fsync` (default): acknowledged means on disk. `write`: in the page cache. `memory`: only in the index, later. */
  readonly durability?: Capabilities["durability"];
  /** Wall clock, ms; default `Date.now`. */
  readonly now?: () => number;
  /** A clock that never jumps, ms; default `performance.now`. */
  readonly monotonicMs?: () => number;
  /** Longest wait of an acknowledged span before it goes into the index, ms; default 500. */
  readonly indexFlushMs?: number;
  /** Rows after which it does not wait; default 20,000. */
  readonly indexFlushRows?: number;
  readonly logger?: StoreLogger;
  readonly onAcknowledged?: AcknowledgedListener;
  /** The journal stopped for good (`JOURNAL_SYNC_FAILED`): the process should end with its exit code. */
  readonly onFailure?: (error: MonitorError) => void;
  /** Bytes of free disk below which writes are refused; the default depends on the size of the disk. */
  readonly diskReserveBytes?: number;
  /** Told how long each sync of the journal took, seconds. */
  readonly onSync?: (seconds: number) => void;
  /** Called when less is free than that, at most once a minute; frees space before anything is refused. */
  readonly onDiskLow?: () => Promise<void>;
  /**
   * Queries at once, at most 4; default 2. Each takes a thread of Node's pool (`UV_THREADPOOL_SIZE`, 4 by default),
   * which the journal's syncs need too: allow 4 only with a pool of 8 or more.
   */
  readonly queriesAtOnce?: number;
  /** Matching calls up to which quantiles are exact in any case; default 200,000. */
  readonly exactQuantileLimit?: number;
  /**
   * How long after the opening rollups that are missing are made, ms; until then questions over many days that lack them
   * read rows. Default 2 s; endless = not before they are needed.
   */
  readonly rollUpAfterMs?: number;
  /** Small files of others in the data folder that a backup takes along, relative; those that exist. */
  readonly backupAlso?: readonly string[];
  readonly engine?: EngineLimits;
  /** File system of the journal; tests inject faults. */
  readonly ioPort?: IoPort;
  /** Called at the failpoints of the journal and the index. */
  readonly failpoint?: (name: string) => void;
}

import type { MonitorError } from "@nexent/monitor-core";
import type { StoreLogger } from "../contract.ts";
import type { EngineLimits } from "../duckdb/database.ts";
import type { IoPort } from "../io-port.ts";
import type { MetricStoreOptions } from "../metric-options.ts";

/** Options of the embedded store of metric samples. */
export interface EmbeddedMetricStoreOptions extends MetricStoreOptions {
  /** Data folder of the server; everything lies in its `metrics/`, which one process holds at a time. */
  readonly dataDir: string;
  readonly logger?: StoreLogger;
  /** `false`: acknowledged means in the page cache, not on disk. Default `true`. */
  readonly sync?: boolean;
  /** Longest wait of an acknowledged sample before it goes into the index, ms; default 500. */
  readonly indexFlushMs?: number;
  /** Bytes of free disk below which writes are refused; the default depends on the size of the disk. */
  readonly diskReserveBytes?: number;
  /** Called when less is free than that, at most once a minute; frees space before anything is refused. */
  readonly onDiskLow?: () => Promise<void>;
  /** Sizes of the engine; `memoryMiB` is 128 by default. */
  readonly engine?: EngineLimits;
  /** The journal stopped for good (`JOURNAL_SYNC_FAILED`). */
  readonly onFailure?: (error: MonitorError) => void;
  /** File system of the journal; tests inject faults. */
  readonly ioPort?: IoPort;
  /** Called at the failpoints of the journal and the index. */
  readonly failpoint?: (name: string) => void;
}

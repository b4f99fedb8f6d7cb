import type { MonitorError } from "@nexent/monitor-core";
import {
  createMemoryMetricStore,
  createMemoryStore,
  openEmbeddedMetricStore,
  openEmbeddedStore,
  type AcknowledgedListener,
  type MetricStore,
  type StoreLogger,
  type TraceStore,
} from "@nexent/monitor-store";
import type { Clock } from "./clock.ts";
import type { ServerConfig } from "./config.ts";
import { createFailpointHook } from "./failpoint.ts";
import type { Log, LogFields } from "./log.ts";

/** What a store is opened with, and whom it tells what. */
interface StoreOpening {
  readonly config: ServerConfig;
  readonly clock: Clock;
  readonly log: Log;
  readonly onAcknowledged: AcknowledgedListener;
  /** How long a sync of the journal took, seconds. */
  readonly onSync: (seconds: number) => void;
  /** The store stopped for good; nothing more will be acknowledged. */
  readonly onFailure: (error: MonitorError) => void;
  /** Less of the disk is free than is kept in reserve: removes what may go, before anything is refused. */
  readonly onDiskLow: () => Promise<void>;
}

/** Opens the store of a configuration. @throws {DATA_DIR_LOCKED} {DATA_DIR_UNUSABLE} {DATA_DIR_TOO_NEW} */
export type OpenStore = (opening: StoreOpening) => Promise<TraceStore>;

/** Opens the store of metric samples beside it, once the store of traces holds the data folder. */
export type OpenMetricStore = (opening: Omit<StoreOpening, "onAcknowledged" | "onSync">) => Promise<MetricStore>;

/** The embedded store in the data folder; without a folder, a store that ends with the process. */
export const openConfiguredStore: OpenStore = async (opening) => {
  const { config, clock, log, onAcknowledged, onSync, onFailure, onDiskLow } = opening;
  if (config.dataDir === undefined) return createMemoryStore({ onAcknowledged });
  if (config.durability !== "fsync") log.warn("durability_reduced", { durability: config.durability });
  const failpoint = createFailpointHook(config.failpoint);
  const store = await openEmbeddedStore({
    dataDir: config.dataDir,
    durability: config.durability,
    diskReserveBytes: config.diskReserveBytes,
    now: () => clock.wallMs(),
    monotonicMs: () => clock.monotonicMs(),
    logger: storeLogger(log),
    onAcknowledged,
    onSync,
    onFailure,
    onDiskLow,
    // Not the sessions: one that was ended must not come back with a backup.
    backupAlso: ["control/users.json", "control/accents.json"],
    ...(failpoint === undefined ? {} : { failpoint }),
  });
  log.info("store_opened", { durability: store.capabilities.durability });
  return store;
};

/** The store of metric samples beside it, of the same durability and in the same folder. */
export const openConfiguredMetricStore: OpenMetricStore = async ({ config, clock, log, onFailure, onDiskLow }) => {
  const clocks = { now: () => clock.wallMs(), monotonicMs: () => clock.monotonicMs() };
  if (config.dataDir === undefined || config.durability === "memory") return createMemoryMetricStore(clocks);
  return await openEmbeddedMetricStore({
    ...clocks,
    dataDir: config.dataDir,
    sync: config.durability === "fsync",
    diskReserveBytes: config.diskReserveBytes,
    logger: storeLogger(log),
    onFailure,
    onDiskLow,
  });
};

function storeLogger(log: Log): StoreLogger {
  return {
    info: (event, fields) => log.info(event, plainFields(fields)),
    warn: (event, fields) => log.warn(event, plainFields(fields)),
  };
}

/** Fields of the store's log as ours: what is no plain value is written as JSON text. */
function plainFields(fields: Readonly<Record<string, unknown>>): LogFields {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [key, isPlain(value) ? value : textOf(value)]),
  );
}

function isPlain(value: unknown): value is string | number | boolean | undefined {
  return value === undefined || typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}

/** JSON has no form for a `bigint`; its digits are written as text. */
function textOf(value: unknown): string | undefined {
  return JSON.stringify(value, (_, inner: unknown) => (typeof inner === "bigint" ? inner.toString() : inner));
}

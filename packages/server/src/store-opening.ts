import { constants } from "node:fs";
import { access, mkdir } from "node:fs/promises";
import { MonitorError } from "@nexent/monitor-core";
import { createMemoryStore, type AcknowledgedListener, type TraceStore } from "@nexent/monitor-store";
import type { ServerConfig } from "./config.ts";
import { createFailpointHook } from "./failpoint.ts";
import type { Log } from "./log.ts";

/** Opens the store of a configuration. @throws {DATA_DIR_UNUSABLE} */
export type OpenStore = (config: ServerConfig, log: Log, onAcknowledged: AcknowledgedListener) => Promise<TraceStore>;

async function checkDataDir(dataDir: string): Promise<void> {
  try {
    await mkdir(dataDir, { recursive: true });
    await access(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new MonitorError("DATA_DIR_UNUSABLE", `the data folder ${dataDir} cannot be created, read or written`, {
      hint: "Set LLM_MONITOR_DATA_DIR to a folder this user may write to.",
      cause: error,
    });
  }
}

/** The store of this release ends with the process and declares so (`durability: memory`); control state is on disk. */
export const openConfiguredStore: OpenStore = async (config, log, onAcknowledged) => {
  void createFailpointHook(config.failpoint);
  if (config.dataDir !== undefined) await checkDataDir(config.dataDir);
  log.info("store_opened", { durability: "memory" });
  return createMemoryStore({ onAcknowledged });
};

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach } from "vitest";
import type { TraceStore } from "./contract.ts";
import type { EmbeddedStoreOptions } from "./embedded-options.ts";
import { openEmbeddedStore } from "./embedded.ts";

/** Folders and embedded stores that no test of the file leaves behind. */
export interface StoresEachTest {
  readonly temporary: () => Promise<string>;
  readonly open: (dataDir: string, options?: Partial<EmbeddedStoreOptions>) => Promise<TraceStore>;
}

/** @param defaults of every store; indexed soon, and no disk is too full. */
export function storesEachTest(defaults: Partial<EmbeddedStoreOptions> = {}): StoresEachTest {
  const folders: string[] = [];
  const stores: TraceStore[] = [];
  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close();
    for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
  });
  return {
    async temporary() {
      const folder = await mkdtemp(join(tmpdir(), "nexent-store-"));
      folders.push(folder);
      return folder;
    },
    async open(dataDir, options = {}) {
      const store = await openEmbeddedStore({
        dataDir,
        indexFlushMs: 5,
        diskReserveBytes: 0,
        ...defaults,
        ...options,
      });
      stores.push(store);
      return store;
    },
  };
}

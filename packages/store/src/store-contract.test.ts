import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, it } from "vitest";
import { openEmbeddedStore } from "./embedded.ts";
import { createMemoryStore } from "./memory/memory-store.ts";
import { STORE_CASES, type OpenStore } from "./testing/suite.ts";

let folder = "";
let folders = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "nexent-store-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

const STORES: Readonly<Record<string, OpenStore>> = {
  memory: async (options) => createMemoryStore(options),
  embedded: (options) =>
    openEmbeddedStore({ ...options, dataDir: join(folder, String(folders++)), indexFlushMs: 5, diskReserveBytes: 0 }),
};

describe.each(Object.entries(STORES))("%s store", (_name, open) => {
  for (const storeCase of STORE_CASES) {
    it(storeCase.title, () => storeCase.run(open));
  }
});

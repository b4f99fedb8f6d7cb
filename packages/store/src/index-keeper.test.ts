import { MonitorError } from "@nexent/monitor-core";
import { describe, expect, it } from "vitest";
import type { DuckdbIndex } from "./duckdb/duckdb-index.ts";
import { createIndexKeeper } from "./index-keeper.ts";

/** An index whose files can be broken; only what the keeper uses. */
function fakeIndex(log: string[], state: { failure?: Error; lost: number[] }): DuckdbIndex {
  const answer = async (): Promise<never[]> => {
    if (state.failure !== undefined) throw state.failure;
    return [];
  };
  return {
    summaries: new Map(),
    appliedOf: () => 0n,
    countSelected: async () => ({ spans: 0, traces: 0, files: await answer() }),
    copyForPurge: async () => undefined,
    replaceByPurged: async () => 0,
    remove: async () => undefined,
    write: async () => undefined,
    checkpoint: async () => undefined,
    lookUp: answer,
    trace: answer,
    traces: async () => new Map((await answer()).map((id) => [id, []])),
    searchTraces: answer,
    spanNames: answer,
    serviceLinks: answer,
    calls: async () => ({ rows: await answer(), shown: 0, total: 0 }),
    aggregate: answer,
    ranks: async () => ((await answer()).length === 0 ? {} : { ttftSeconds: { count: 0, notAbove: 0 } }),
    facets: async () => ({ services: await answer(), models: [], operations: [], providers: [] }),
    verify: async () => true,
    copyForSeal: async () => ({ spans: 0, openSpans: 0 }),
    seal: async () => undefined,
    rollUp: async () => undefined,
    async verifyAll() {
      log.push("verify");
      const lost = state.lost;
      state.lost = [];
      return lost;
    },
    async close() {
      log.push("close");
    },
  };
}

function createKeeper(state: { failure?: Error; lost: number[] }, isWritable = () => true) {
  const log: string[] = [];
  const keeper = createIndexKeeper(fakeIndex(log, state), {
    async open() {
      log.push("open");
      delete state.failure;
      return fakeIndex(log, state);
    },
    async replay() {
      log.push(`replay degraded=${keeper.degraded}`);
    },
    between: (work) => work(),
    isWritable: async () => isWritable(),
    logger: { info: () => undefined, warn: (event) => log.push(event) },
  });
  return { keeper, log };
}

const DAMAGE = new Error("IO Error: Corrupt database file: computed checksum 1 does not match");

describe("index keeper", () => {
  it("EMB-4 verifies all files when a query meets damage, and rebuilds what was set aside", async () => {
    const state = { failure: DAMAGE, lost: [20_000] };
    const { keeper, log } = createKeeper(state);
    await expect(keeper.ask((index) => index.trace("x"))).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      cause: DAMAGE,
    });
    await keeper.settled();
    expect(log).toStrictEqual(["index_damage_suspected", "verify", "replay degraded=true"]);
    expect(keeper.degraded).toBe(false);
  });

  it("EMB-4 rebuilds nothing when every file turns out whole", async () => {
    const { keeper, log } = createKeeper({ failure: DAMAGE, lost: [] });
    await expect(keeper.ask((index) => index.trace("x"))).rejects.toBeInstanceOf(MonitorError);
    await keeper.settled();
    expect(log).toStrictEqual(["index_damage_suspected", "verify"]);
  });

  it("EMB-4 opens the engine again after a fatal error, and replays", async () => {
    const state = { failure: new Error("FATAL Error: database has been invalidated"), lost: [] };
    const { keeper, log } = createKeeper(state);
    await keeper.onWriteError(state.failure);
    expect(log).toStrictEqual(["index_write_failed", "close", "open", "verify", "replay degraded=true"]);
    await expect(keeper.ask((index) => index.trace("x"))).resolves.toStrictEqual([]);
  });

  it("EMB-17 D8 leaves files alone that can only be read, until the disk takes something again", async () => {
    let takes = false;
    const { keeper, log } = createKeeper({ lost: [] }, () => takes);
    const failure = new Error("Could not write file: Read-only file system");
    await keeper.onWriteError(failure);
    expect(log).toStrictEqual(["index_write_failed"]);
    takes = true;
    await keeper.onWriteError(failure);
    expect(log.slice(1)).toStrictEqual(["index_write_failed", "close", "open", "verify", "replay degraded=true"]);
  });

  it("QRY-2 passes a fault with a code on, and gives any other one", async () => {
    const invalid = new MonitorError("QUERY_INVALID", "no");
    const { keeper, log } = createKeeper({ failure: invalid, lost: [] });
    await expect(keeper.ask((index) => index.trace("x"))).rejects.toBe(invalid);
    const { keeper: other } = createKeeper({ failure: new Error("Out of Memory Error"), lost: [] });
    await expect(other.ask((index) => index.trace("x"))).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    expect(log).toStrictEqual([]);
  });

  it("WRT-4 does not say that a span is unknown while rows are missing", async () => {
    const { keeper } = createKeeper({ lost: [] });
    keeper.markDegraded();
    await expect(keeper.lookUp([])).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  });
});

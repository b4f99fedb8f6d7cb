import { cpSync, rmSync } from "node:fs";
import { cp, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { SpanRecord } from "@nexent/monitor-core";
import { describe, expect, it } from "vitest";
import type { TraceStore } from "./contract.ts";
import { openDatabase, quote, runStatement } from "./duckdb/database.ts";
import { nodeIoPort, type IoPort } from "./io-port.ts";
import { ioError } from "./testing/crash-io.ts";
import { DAY, sampleCall, sampleSpan, SAMPLE_START, traceIdOf } from "./testing/sample-spans.ts";
import { storesEachTest } from "./stores-each-test.testing.ts";

const NEVER_MS = 1_000_000;
const EVERYTHING = { fromUnixNanos: 0n, toUnixNanos: 2n ** 63n - 1n };
const DAY_FILE = "2026-11-24.duckdb";
const { temporary, open } = storesEachTest();

/** The folder as `kill -9` leaves it. */
async function killedCopy(dataDir: string): Promise<string> {
  const copy = await temporary();
  await cp(dataDir, copy, { recursive: true });
  // The process that the lock names is dead, which this one is not.
  await rm(join(copy, "LOCK"), { force: true });
  return copy;
}

function calls(from: number, count: number): SpanRecord[] {
  return Array.from({ length: count }, (_, at) => sampleCall(from + at, { outputTokens: 1 }));
}

/** What a store holds, in numbers that cannot be right by accident. */
async function audit(
  store: TraceStore,
): Promise<{ readonly calls: number; readonly tokens: number; readonly ids: number }> {
  await store.flush();
  const filter = { range: EVERYTHING };
  const [row] = await store.aggregate({ filter, groupBy: [], columns: ["outputTokens"], quantiles: [] });
  const list = await store.calls(filter, { limit: 1_000 });
  return {
    calls: list.total,
    tokens: row?.columns.outputTokens?.sum ?? 0,
    ids: new Set(list.rows.map(({ traceId }) => traceId)).size,
  };
}

function holds(count: number) {
  return { calls: count, tokens: count, ids: count };
}

function portWith(overrides: Partial<IoPort>): IoPort {
  return { ...nodeIoPort, ...overrides };
}

describe("restart", () => {
  it("EMB-1 D1 keeps everything acknowledged when the process dies before the index has it", async () => {
    const dataDir = await temporary();
    const store = await open(dataDir, { indexFlushMs: NEVER_MS });
    for (let batch = 0; batch < 5; batch++) await store.write({ spans: calls(batch * 10, 10) });
    const restarted = await open(await killedCopy(dataDir));
    expect(await audit(restarted)).toStrictEqual(holds(50));
  });

  it("EMB-1 D1 indexes nothing twice, whatever part of the journal the index had", async () => {
    const dataDir = await temporary();
    const store = await open(dataDir);
    const copies: string[] = [];
    for (let batch = 0; batch < 4; batch++) {
      await store.write({
        spans: [
          ...calls(batch * 10, 10),
          sampleCall(500 + batch, { startUnixNanos: SAMPLE_START + DAY, outputTokens: 1 }),
        ],
      });
      if (batch % 2 === 0) await store.flush();
      copies.push(await killedCopy(dataDir));
    }
    for (const [at, copy] of copies.entries())
      expect(await audit(await open(copy))).toStrictEqual(holds((at + 1) * 11));
  });

  it("EMB-1 removes no file of a day that was never dropped, not even one that does not know what was applied", async () => {
    const dataDir = await temporary();
    const store = await open(dataDir);
    await store.write({ spans: calls(0, 10) });
    await store.flush();
    await store.close();
    const database = await openDatabase(join(dataDir, "index"), { spillMiB: 64, memoryMiB: 64 });
    const connection = await database.connect();
    await runStatement(connection, "ATTACH " + quote(join(dataDir, "index", DAY_FILE)) + " AS d");
    await runStatement(connection, "DELETE FROM d.main.applied");
    await runStatement(connection, "CHECKPOINT d");
    connection.closeSync();
    database.close();
    // Nothing else holds the spans: what is removed now is lost.
    await rm(join(dataDir, "journal"), { recursive: true });
    expect(await audit(await open(dataDir))).toStrictEqual(holds(10));
  });

  it("EMB-1 I1 knows a repeat after a restart, also when its segment was read long ago", async () => {
    const dataDir = await temporary();
    let now = 1_795_514_400_000;
    for (let day = 0; day < 3; day++) {
      const store = await open(dataDir, { now: () => now });
      expect((await store.write({ spans: calls(0, 20) })).status).toBe("accepted");
      expect(await audit(store)).toStrictEqual(holds(20));
      await store.close();
      now += 40 * 3_600_000;
    }
  });

  it("EMB-2 answers trace() for spans that are acknowledged but not indexed, also after a restart", async () => {
    const dataDir = await temporary();
    const store = await open(dataDir, { indexFlushMs: NEVER_MS });
    const { durationNanos: _end, ...unfinished } = sampleSpan(2);
    await store.write({ spans: [sampleSpan(1), unfinished] });
    expect(await store.trace(traceIdOf(1))).toHaveLength(1);
    expect((await store.calls({ range: EVERYTHING }, { limit: 1 })).total).toBe(0);
    const restarted = await open(await killedCopy(dataDir));
    expect((await restarted.trace(traceIdOf(2)))[0]?.span).toStrictEqual(unfinished);
    await restarted.write({ spans: [sampleSpan(2)] });
    await restarted.flush();
    expect(await restarted.trace(traceIdOf(2))).toStrictEqual([{ span: sampleSpan(2) }]);
    expect((await restarted.stats()).spans).toBe(2);
  });

  it("EMB-3 makes acknowledged calls visible to every query by itself", async () => {
    const store = await open(await temporary(), { indexFlushMs: 50 });
    await store.write({ spans: calls(0, 3) });
    await expect
      .poll(async () => (await store.calls({ range: EVERYTHING }, { limit: 1 })).total, { timeout: 1_000 })
      .toBe(3);
    expect((await store.stats()).indexLagSeconds).toBe(0);
  });
});

describe("damaged index", () => {
  const damages: readonly (readonly [string, (index: string) => Promise<void>])[] = [
    ["day file deleted", (index) => rm(join(index, DAY_FILE))],
    ["day file cut", (index) => truncate(join(index, DAY_FILE), 100)],
    ["header of the day file overwritten", (index) => overwrite(join(index, DAY_FILE), 0)],
    ["log deleted", (index) => rm(join(index, `${DAY_FILE}.wal`))],
    [
      "zeros behind the log",
      async (index) => {
        const path = join(index, `${DAY_FILE}.wal`);
        await truncate(path, (await stat(path)).size + 4_096);
      },
    ],
    ["bits flipped in the log", (index) => overwrite(join(index, `${DAY_FILE}.wal`), 100)],
    [
      "log without its file",
      async (index) => {
        await rm(join(index, DAY_FILE));
        expect(await readdir(index)).toContain(`${DAY_FILE}.wal`);
      },
    ],
  ];
  it.each(damages)("EMB-4 D4 starts anyway and rebuilds from the journal: %s", async (_name, damage) => {
    const dataDir = await temporary();
    const store = await open(dataDir);
    await store.write({ spans: calls(0, 50) });
    await store.flush();
    const copy = await killedCopy(dataDir);
    await damage(join(copy, "index"));
    const restarted = await open(copy);
    await restarted.write({ spans: calls(50, 5) });
    expect(await audit(restarted)).toStrictEqual(holds(55));
    expect(await restarted.write({ spans: calls(0, 55) })).toStrictEqual({ status: "accepted", records: 55 });
    expect(await audit(restarted)).toStrictEqual(holds(55));
    expect((await restarted.stats()).storageDegraded).toBe(false);
  });

  it("EMB-4 D4 finds a damaged block when a query reads it, and rebuilds the day", async () => {
    const dataDir = await temporary();
    const store = await open(dataDir);
    for (let at = 0; at < 3; at++) await store.write({ spans: calls(at * 300, 300) });
    await store.close();
    const path = join(dataDir, "index", DAY_FILE);
    const { size } = await stat(path);
    // Behind the headers and the block that opening the file reads, in the middle of every other block.
    for (let at = 3 * 4_096 + 362_144; at < size; at += 262_144) await overwrite(path, at);
    const restarted = await open(dataDir);
    await expect
      .poll(() => audit(restarted).catch(() => undefined), { timeout: 10_000 })
      .toStrictEqual({ ...holds(900), ids: 900 });
    const { quarantinedFiles, storageDegraded } = await restarted.stats();
    expect({ quarantinedFiles, storageDegraded }).toStrictEqual({ quarantinedFiles: 1, storageDegraded: false });
  });

  it("EMB-14 D4 takes spans while a long rebuild goes on, never twice, and a stop does not wait for it", async () => {
    const dataDir = await temporary();
    const store = await open(dataDir, { indexFlushMs: NEVER_MS, indexFlushRows: NEVER_MS });
    const text = { text: "x".repeat(16_000) };
    for (let n = 0; n < 2_400; n += 300) {
      await store.write({
        spans: Array.from({ length: 300 }, (_, at) => sampleCall(n + at, { outputTokens: 1, attributes: text })),
      });
    }
    const copy = await killedCopy(dataDir);
    // Every step of the rebuild takes its time, so that there is a middle.
    const stopped = await open(copy, { indexFlushRows: 100 });
    expect((await stopped.stats()).storageDegraded).toBe(true);
    await stopped.close();
    const restarted = await open(copy, { indexFlushRows: 100 });
    expect((await restarted.stats()).storageDegraded).toBe(true);
    expect((await restarted.write({ spans: calls(9_000, 3) })).status).toBe("accepted");
    const repeat = await restarted.write({ spans: calls(0, 1) });
    expect(repeat.status === "rejected" && repeat.error.code).toBe("STORE_UNAVAILABLE");
    await restarted.flush();
    const [row] = await restarted.aggregate({
      filter: { range: EVERYTHING },
      groupBy: [],
      columns: ["outputTokens"],
      quantiles: [],
    });
    expect(row?.columns.outputTokens?.sum).toBe(2_403);
    expect((await restarted.stats()).storageDegraded).toBe(false);
    expect((await restarted.write({ spans: calls(0, 1) })).status).toBe("accepted");
    expect((await restarted.stats()).spans).toBe(2_403);
  });
});

/** The engine's checksum is a sum of words: changing equal words alike would not be noticed. */
async function overwrite(path: string, at: number): Promise<void> {
  const bytes = await readFile(path);
  for (let i = at; i < Math.min(bytes.length, at + 400); i++) bytes[i] = (bytes[i] ?? 0) ^ ((i % 251) | 1);
  await writeFile(path, bytes);
}

describe("faults", () => {
  it("EMB-5 D5 refuses before the disk is full, answers queries meanwhile, and resumes by itself", async () => {
    let freeBytes = 10_000;
    const dataDir = await temporary();
    const store = await open(dataDir, {
      diskReserveBytes: 5_000,
      ioPort: portWith({ space: async () => ({ freeBytes, totalBytes: 10_000 }) }),
    });
    await store.write({ spans: calls(0, 2) });
    freeBytes = 4_000;
    await expect
      .poll(async () => (await store.write({ spans: calls(2, 1) })).status, { timeout: 3_000, interval: 200 })
      .toBe("rejected");
    const refused = await store.write({ spans: calls(90, 1) });
    expect(refused.status === "rejected" && refused.error.code).toBe("STORE_FULL");
    expect((await audit(store)).calls).toBeGreaterThan(1);
    freeBytes = 10_000;
    await expect
      .poll(async () => (await store.write({ spans: calls(91, 1) })).status, { timeout: 3_000, interval: 200 })
      .toBe("accepted");
    expect(await store.trace(traceIdOf(90))).toStrictEqual([]);
  });

  it("RET-7 D5 asks for space before it refuses, and refuses only when there is none to be had", async () => {
    let freeBytes = 10_000;
    let canFree = true;
    let asked = 0;
    const store = await open(await temporary(), {
      diskReserveBytes: 5_000,
      ioPort: portWith({ space: async () => ({ freeBytes, totalBytes: 10_000 }) }),
      onDiskLow: async () => {
        asked++;
        if (canFree) freeBytes = 10_000;
      },
    });
    freeBytes = 4_000;
    let n = 0;
    const write = async (): Promise<string> => (await store.write({ spans: calls(n++, 1) })).status;
    await expect
      .poll(async () => [await write(), asked], { timeout: 5_000, interval: 200 })
      .toStrictEqual(["accepted", 1]);
    canFree = false;
    freeBytes = 4_000;
    await expect.poll(write, { timeout: 5_000, interval: 200 }).toBe("rejected");
    expect(asked, "not again within a minute").toBe(1);
  });

  it("EMB-6 D6 acknowledges nothing after a lasting sync failure and says so once; what was acknowledged stays", async () => {
    const dataDir = await temporary();
    let broken = false;
    const failures: string[] = [];
    const ioPort = portWith({
      async openAppend(path) {
        const file = await nodeIoPort.openAppend(path);
        return { ...file, dataSync: () => (broken ? Promise.reject(ioError("EIO")) : file.dataSync()) };
      },
    });
    const store = await open(dataDir, { ioPort, onFailure: (error) => failures.push(error.code) });
    await store.write({ spans: calls(0, 5) });
    broken = true;
    const outcomes = await Promise.all([store.write({ spans: calls(5, 5) }), store.write({ spans: calls(5, 5) })]);
    outcomes.push(await store.write({ spans: calls(20, 1) }));
    for (const outcome of outcomes)
      expect(outcome.status === "rejected" && outcome.error.code).toBe("JOURNAL_SYNC_FAILED");
    expect(failures).toStrictEqual(["JOURNAL_SYNC_FAILED"]);
    expect(await store.trace(traceIdOf(5))).toStrictEqual([]);
    expect(await audit(store)).toStrictEqual(holds(5));
    await store.close();
    const restarted = await open(dataDir);
    // Frames whose sync failed may be there or not; a batch is there as a whole or not at all.
    expect([5, 10]).toContain((await audit(restarted)).calls);
    await restarted.write({ spans: calls(0, 10) });
    expect(await audit(restarted)).toStrictEqual(holds(10));
  });

  it("EMB-7 D3 starts with a damaged journal, counts it, and keeps what the index had", async () => {
    const dataDir = await temporary();
    const store = await open(dataDir);
    for (let batch = 0; batch < 4; batch++) await store.write({ spans: calls(batch * 10, 10) });
    await store.flush();
    const copy = await killedCopy(dataDir);
    const [segment] = (await readdir(join(copy, "journal"))).sort();
    await overwrite(join(copy, "journal", segment ?? ""), 600);
    const restarted = await open(copy);
    expect(await audit(restarted)).toStrictEqual(holds(40));
    await restarted.write({ spans: calls(40, 10) });
    expect(await audit(restarted)).toStrictEqual(holds(50));
    const { damagedFrames, quarantinedFiles } = await restarted.stats();
    expect({ damagedFrames, quarantinedFiles }).toStrictEqual({ damagedFrames: 1, quarantinedFiles: 1 });
    await restarted.close();
    const again = await open(copy);
    expect(await audit(again)).toStrictEqual(holds(50));
    expect((await again.stats()).damagedFrames).toBe(0);
  });

  it("EMB-15 D10 loses, doubles and misplaces nothing while the wall clock jumps about, and keeps no negative duration", async () => {
    const dataDir = await temporary();
    const sample = Number(SAMPLE_START / 1_000_000n);
    let now = sample;
    let store = await open(dataDir, { now: () => now });
    const hour = 3_600_000;
    const jumps = [hour, -2 * hour, 1_000, -sample, 4_102_444_800_000, -4_102_444_800_000 + sample, -1_000];
    for (const [at, jump] of jumps.entries()) {
      now += jump;
      const spans = calls(at * 10, 10);
      expect(await store.write({ spans })).toStrictEqual({ status: "accepted", records: 10 });
      await store.retain({ maxAgeDays: 15 });
      expect(await store.write({ spans })).toStrictEqual({ status: "accepted", records: 10 });
      if (at === 4) {
        await store.close();
        store = await open(dataDir, { now: () => now });
      }
    }
    expect(await audit(store)).toStrictEqual(holds(70));
    const { rows } = await store.calls({ range: EVERYTHING }, { limit: 1_000 });
    expect(new Set(rows.map(({ durationSeconds }) => durationSeconds))).toStrictEqual(new Set([2]));
    await store.close();
    expect(await audit(await open(dataDir, { now: () => now }))).toStrictEqual(holds(70));
  });

  it("EMB-8 refuses more while the index is far behind", async () => {
    const store = await open(await temporary(), { indexFlushMs: NEVER_MS, indexFlushRows: NEVER_MS });
    const text = "x".repeat(16_000);
    const statuses = new Set<string>();
    for (let n = 0; n < 60 && !statuses.has("overloaded"); n++) {
      const spans = Array.from({ length: 100 }, (_, at) =>
        sampleSpan(n * 100 + at, { attributes: new Map([["text", text]]) }),
      );
      const outcome = await store.write({ spans });
      statuses.add(outcome.status);
      if (outcome.status === "overloaded") expect(outcome.retryAfterMs).toBeGreaterThan(0);
    }
    expect([...statuses]).toStrictEqual(["accepted", "overloaded"]);
    await store.flush();
    expect((await store.write({ spans: [sampleSpan(1)] })).status).toBe("accepted");
  });
});

describe("durability", () => {
  it.each(["write", "memory"] as const)(
    "EMB-12 says that it promises less with durability %s, and works",
    async (durability) => {
      const dataDir = await temporary();
      const store = await open(dataDir, { durability });
      expect(store.capabilities.durability).toBe(durability);
      await store.write({ spans: calls(0, 3) });
      await store.write({ spans: calls(0, 3) });
      expect(await audit(store)).toStrictEqual(holds(3));
      await store.close();
      expect(await audit(await open(dataDir, { durability }))).toStrictEqual(holds(3));
    },
  );
});

describe("failpoints", () => {
  it("EMB-13 D1 survives a kill at every failpoint of journal and index", async () => {
    const dataDir = await temporary();
    const images: { readonly name: string; readonly copy: string; readonly acknowledged: number }[] = [];
    const root = await temporary();
    let acknowledged = 0;
    const store = await open(dataDir, {
      failpoint(name) {
        if (images.filter((image) => image.name === name).length >= 2) return;
        // At once, so that the image is what a kill at this very moment leaves.
        const copy = join(root, String(images.length));
        cpSync(dataDir, copy, { recursive: true });
        rmSync(join(copy, "LOCK"));
        images.push({ name, copy, acknowledged });
      },
    });
    for (let batch = 0; batch < 3; batch++) {
      await store.write({ spans: calls(batch * 10, 10) });
      acknowledged += 10;
      await store.flush();
    }
    await store.close();
    expect(new Set(images.map(({ name }) => name))).toStrictEqual(
      new Set([
        "journal-before-write",
        "journal-half-write",
        "journal-before-sync",
        "journal-after-sync",
        "index-flush",
        "index-checkpoint",
      ]),
    );
    for (const image of images) {
      const restarted = await open(image.copy);
      const found = await audit(restarted);
      expect(found).toStrictEqual(holds(found.calls));
      expect(found.calls).toBeGreaterThanOrEqual(image.acknowledged);
      // Half a frame is set aside; nothing else is damaged by a kill.
      expect((await restarted.stats()).quarantinedFiles).toBe(image.name === "journal-half-write" ? 1 : 0);
      await restarted.close();
    }
  });
});

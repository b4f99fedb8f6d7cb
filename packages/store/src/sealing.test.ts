import { cpSync, rmSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { TraceStore } from "./contract.ts";
import { sha256Of } from "./file-hash.ts";
import { storesEachTest } from "./stores-each-test.testing.ts";
import {
  DAY,
  HOUR,
  sampleCall,
  sampleSpan,
  SAMPLE_START,
  spanIdOf,
  traceIdOf,
  withoutEnd,
} from "./testing/sample-spans.ts";

/** 12:00 on the day of the sample: the day before is over, by more than two hours. */
const NOON_MS = Number((SAMPLE_START + 2n * HOUR) / 1_000_000n);
const DAY_MS = 86_400_000;
const EVERYTHING = { fromUnixNanos: 0n, toUnixNanos: 2n ** 63n - 1n };
const [OPEN, SEALED] = ["2026-11-23.duckdb", "2026-11-23.sealed.duckdb"];
let nowMs = NOON_MS;
let monotonicMs = 0;
const { temporary, open } = storesEachTest({ now: () => nowMs, monotonicMs: () => monotonicMs });

afterEach(() => {
  nowMs = NOON_MS;
});

function later(ms: number): void {
  nowMs += ms;
  monotonicMs += ms;
}

function yesterday(from: number, count: number) {
  return Array.from({ length: count }, (_, at) =>
    sampleCall(from + at, {
      outputTokens: 1,
      startUnixNanos: SAMPLE_START - DAY + BigInt(at),
      service: at % 2 === 0 ? "even" : "odd",
    }),
  );
}

/** A day is sealed by the second look at which it has not changed. */
async function look(store: TraceStore): Promise<void> {
  for (let times = 0; times < 2; times++) await store.retain({});
}

async function audit(store: TraceStore) {
  await store.flush();
  const { rows, total } = await store.calls({ range: EVERYTHING }, { limit: 1_000 });
  const services = await store.aggregate({
    filter: { range: EVERYTHING },
    groupBy: ["service"],
    columns: [],
    quantiles: [],
  });
  return {
    total,
    ids: new Set(rows.map(({ traceId }) => traceId)).size,
    services: services.map(({ group, calls }) => `${group.service} ${calls}`),
  };
}

async function indexFiles(dataDir: string): Promise<readonly string[]> {
  return (await readdir(join(dataDir, "index"))).filter((name) => /^2026-11-23.*duckdb$/.test(name)).sort();
}

describe("sealing", () => {
  it("SEA-1 seals a day that is over and quiet; late rows stand beside it and are sealed with it", async () => {
    const dataDir = await temporary();
    const store = await open(dataDir);
    await store.write({ spans: [...yesterday(0, 30), sampleCall(900, { service: "today" })] });
    const before = await audit(store);
    await store.retain({});
    expect(await indexFiles(dataDir)).toStrictEqual([OPEN]);
    await store.write({ spans: yesterday(30, 2) });
    await store.flush();
    await store.retain({});
    expect(await indexFiles(dataDir), "it changed").toStrictEqual([OPEN]);
    await store.retain({});
    expect(await indexFiles(dataDir)).toStrictEqual([SEALED]);
    expect(await audit(store)).toStrictEqual({ total: 33, ids: 33, services: ["even 16", "odd 16", "today 1"] });
    expect(before.total).toBe(31);
    expect((await store.stats()).days).toBe(2);

    await store.write({ spans: [...yesterday(50, 4), ...yesterday(0, 30)] });
    expect(await audit(store)).toStrictEqual({ total: 37, ids: 37, services: ["even 18", "odd 18", "today 1"] });
    expect(await indexFiles(dataDir)).toStrictEqual([OPEN, SEALED]);
    expect((await store.stats()).duplicateSpans).toBe(30);
    await store.close();
    const restarted = await open(dataDir);
    expect((await audit(restarted)).total).toBe(37);
    await look(restarted);
    expect(await indexFiles(dataDir)).toStrictEqual([SEALED]);
    expect((await audit(restarted)).total).toBe(37);
    expect(await restarted.trace(traceIdOf(51))).toHaveLength(1);
    const manifest = await readFile(join(dataDir, "manifest.json"), "utf8");
    expect(manifest).toContain(await sha256Of(join(dataDir, "index", SEALED)));
    expect(await restarted.verify()).toMatchObject([
      { day: "2026-11-23", sealed: true, spans: 36 },
      { day: "2026-11-24", sealed: false, spans: 1 },
    ]);
  });

  it("SEA-2 segments go a day after they were written, once every day in them is sealed; open spans stay", async () => {
    const dataDir = await temporary();
    const unfinished = withoutEnd(sampleSpan(800, { startUnixNanos: SAMPLE_START - DAY }));
    const first = await open(dataDir);
    await first.write({ spans: [...yesterday(0, 20), unfinished] });
    await first.close();
    const second = await open(dataDir);
    await look(second);
    expect(await readdir(join(dataDir, "journal"))).toContain("000000000001.seg");
    later(DAY_MS);
    await second.retain({});
    expect(await indexFiles(dataDir)).toStrictEqual([SEALED]);
    expect(await readdir(join(dataDir, "journal"))).not.toContain("000000000001.seg");
    await second.close();
    const third = await open(dataDir);
    expect((await audit(third)).total).toBe(20);
    expect((await third.trace(unfinished.traceId)).map(({ span }) => span)).toStrictEqual([unfinished]);
    const { damagedFrames, storageDegraded, spans } = await third.stats();
    expect({ damagedFrames, storageDegraded, spans }).toStrictEqual({
      damagedFrames: 0,
      storageDegraded: false,
      spans: 21,
    });
    // Their ids are not in the journal any more, but the day of their start tells where to look.
    await third.write({ spans: yesterday(0, 20) });
    expect((await audit(third)).total).toBe(20);
    const { startUnixNanos } = unfinished;
    await third.write({ spans: [sampleSpan(800, { startUnixNanos })] });
    await third.flush();
    expect((await third.trace(unfinished.traceId)).map(({ span }) => span.spanId)).toStrictEqual([spanIdOf(800)]);
  });

  it("SEA-3 D1 a kill while a day is sealed, alone or with late rows, loses and doubles nothing", async () => {
    const dataDir = await temporary();
    const root = await temporary();
    const images: string[] = [];
    const store = await open(dataDir, {
      failpoint(name) {
        if (!name.startsWith("seal-")) return;
        const copy = join(root, String(images.length));
        cpSync(dataDir, copy, { recursive: true });
        rmSync(join(copy, "LOCK"));
        images.push(copy);
      },
    });
    await store.write({ spans: yesterday(0, 30) });
    await store.flush();
    await look(store);
    await store.write({ spans: yesterday(30, 5) });
    await store.flush();
    await look(store);
    expect(images).toHaveLength(4);
    for (const [at, image] of images.entries()) {
      const restarted = await open(image);
      expect((await audit(restarted)).total).toBe(at < 2 ? 30 : 35);
      expect((await restarted.stats()).quarantinedFiles).toBe(0);
      await look(restarted);
      expect((await audit(restarted)).ids).toBe(at < 2 ? 30 : 35);
      expect(await indexFiles(image)).toStrictEqual([SEALED]);
      expect((await restarted.verify()).map(({ problem }) => problem)).toStrictEqual([undefined]);
      await restarted.close();
    }
  });

  it("SEA-4 D4 a sealed file that is not what it was is set aside and rebuilt from what the journal holds", async () => {
    const dataDir = await temporary();
    const store = await open(dataDir);
    await store.write({ spans: yesterday(0, 30) });
    await store.flush();
    await look(store);
    await store.write({ spans: yesterday(30, 5) });
    await store.flush();
    const path = join(dataDir, "index", SEALED);
    const bytes = await readFile(path);
    const at = bytes.length - 10;
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    await writeFile(path, bytes);
    const found = await store.verify();
    expect(found.map(({ sealed, problem }) => [sealed, problem?.startsWith("damaged") ?? false])).toContainEqual([
      true,
      true,
    ]);
    await expect.poll(async () => (await store.stats()).storageDegraded, { timeout: 5_000 }).toBe(false);
    expect((await audit(store)).total).toBe(35);
    await look(store);
    expect((await audit(store)).total).toBe(35);
    expect((await store.verify()).every(({ problem }) => problem === undefined)).toBe(true);
  });

  it("SEA-5 a purge reaches into sealed days, and their checksum is noted anew", async () => {
    const dataDir = await temporary();
    const store = await open(dataDir);
    await store.write({ spans: yesterday(0, 30) });
    await store.flush();
    await look(store);
    const { planId } = await store.previewPurge({ service: "odd" });
    expect((await store.purge(planId)).spans).toBe(15);
    expect(await audit(store)).toStrictEqual({ total: 15, ids: 15, services: ["even 15"] });
    expect(await store.verify()).toMatchObject([{ sealed: true, spans: 15 }]);
    await store.retain({});
    expect(await readFile(join(dataDir, "manifest.json"), "utf8")).toContain(
      await sha256Of(join(dataDir, "index", SEALED)),
    );
  });
});

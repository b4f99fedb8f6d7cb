import { cp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { SpanRecord } from "@nexent/monitor-core";
import { describe, expect, it } from "vitest";
import { restoreBackup } from "./backup.ts";
import type { AggregateSpec, CallFilter, CallSort, PurgeSelector, TraceStore } from "./contract.ts";
import { nodeIoPort } from "./io-port.ts";
import { createMemoryStore } from "./memory/memory-store.ts";
import { DAY, HOUR, sampleCall, SAMPLE_START, SECOND, withoutEnd } from "./testing/sample-spans.ts";
import { storesEachTest } from "./stores-each-test.testing.ts";

/** 12:00 on the day of the sample: the day before is over, by more than two hours. */
const now = (): number => Number((SAMPLE_START + 2n * HOUR) / 1_000_000n);
/** So low that every answer here is a sketch. */
const exactQuantileLimit = 3;
const ROLLUPS = ["3600", "60", "86400", "900"].map((width) => "2026-11-23.sealed.duckdb.rollup-" + width);
const { temporary, open } = storesEachTest({ now, exactQuantileLimit, rollUpAfterMs: Infinity });

/** Calls of the day before, one in every seven minutes; every third has no time to first token. */
function yesterday(from: number, count: number): SpanRecord[] {
  return Array.from({ length: count }, (_, at) =>
    sampleCall(from + at, {
      startUnixNanos: SAMPLE_START - DAY + BigInt(at) * 420n * SECOND,
      model: `m${(from + at) % 3}`,
      service: at % 2 === 0 ? "even" : "odd",
      outcome: at % 4 === 0 ? "error" : "ok",
      outputTokens: at,
      ...(at % 3 === 0 ? {} : { ttftSeconds: (at + 1) / 8 }),
    }),
  );
}

const RANGES = [
  [SAMPLE_START - 2n * DAY, SAMPLE_START + DAY],
  [SAMPLE_START - DAY + 425n * SECOND, SAMPLE_START - DAY + 7n * HOUR + SECOND],
] as const;
const SPECS: readonly AggregateSpec[] = RANGES.flatMap(([fromUnixNanos, toUnixNanos]) => {
  const filter = { range: { fromUnixNanos, toUnixNanos } };
  const columns = ["ttftSeconds", "durationSeconds", "outputTokens"] as const;
  return [
    { filter, groupBy: [], columns, quantiles: [0.1, 0.5, 0.95] },
    { filter, groupBy: ["model", "outcome"] as const, columns, quantiles: [0.5], bucketNanos: HOUR },
    { filter: { ...filter, models: ["m1", "m2"] }, groupBy: [], columns, quantiles: [0.5], bucketNanos: 600n * SECOND },
    { filter, groupBy: ["provider", "operation"] as const, columns: [], quantiles: [] },
  ];
});

/** What a store answers, sketches only. */
async function answers(store: TraceStore): Promise<unknown> {
  await store.flush();
  const all = await Promise.all(SPECS.map((spec) => store.aggregate(spec)));
  const lists = await Promise.all(RANGES.map((range) => answersAbout(store, range)));
  const [whole] = all[0] ?? [];
  if (whole !== undefined && whole.calls > exactQuantileLimit)
    expect(whole.columns.durationSeconds?.exactness).toBe("sketch");
  return [all, lists];
}

/** Names, lists and counts, some of them over whole days. */
async function answersAbout(
  store: TraceStore,
  [fromUnixNanos, toUnixNanos]: readonly [bigint, bigint],
): Promise<unknown> {
  const range = { fromUnixNanos, toUnixNanos };
  const list = (more: Partial<CallFilter>, column: CallSort["column"], descending = true) =>
    store.calls({ range, ...more }, { limit: 5, sort: { column, descending } });
  return await Promise.all([
    store.facets(range),
    store.spanNames(range),
    store.searchTraces({ range, service: "odd" }, 4),
    store.ranks({ range, models: ["m1"] }, { ttftSeconds: 1, durationSeconds: 2 }),
    list({}, "start"),
    list({ models: ["m1"], outcomes: ["error"] }, "start", false),
    list({ services: ["odd"] }, "ttftSeconds"),
    list({ models: ["m2"] }, "durationSeconds"),
    list({}, "outputTokens", false),
  ]);
}

/** A day is sealed by the second look at which it has not changed. */
async function seal(store: TraceStore): Promise<void> {
  await store.flush();
  for (let times = 0; times < 2; times++) await store.retain({});
}

async function purge(store: TraceStore, selector: PurgeSelector): Promise<void> {
  await store.purge((await store.previewPurge(selector)).planId);
}

async function rollupFiles(dataDir: string): Promise<readonly string[]> {
  return (await readdir(join(dataDir, "index"))).filter((name) => name.includes("rollup")).sort();
}

describe("rollups", () => {
  it("ROL-1 a sealed day has its rollup beside it, which answers after a restart and is made anew when damaged", async () => {
    const dataDir = await temporary();
    let store = await open(dataDir);
    await store.write({ spans: yesterday(0, 60) });
    const whileOpen = await answers(store);
    expect(await rollupFiles(dataDir)).toStrictEqual([]);
    await seal(store);
    expect(await rollupFiles(dataDir)).toStrictEqual(ROLLUPS);
    expect(await answers(store)).toStrictEqual(whileOpen);
    await store.close();
    for (const change of [Buffer.from("not a rollup"), undefined]) {
      for (const name of ROLLUPS) {
        const path = join(dataDir, "index", name);
        if (change === undefined) await rm(path);
        else await writeFile(path, Buffer.concat([(await readFile(path)).subarray(0, 400), change]));
      }
      store = await open(dataDir);
      expect(await answers(store)).toStrictEqual(whileOpen);
      await store.close();
      expect(await rollupFiles(dataDir), "made anew").toStrictEqual(ROLLUPS);
    }
  });

  it("ROL-2 late rows, ends that come late, and rows of a day that is sealed again are counted once", async () => {
    const dataDir = await temporary();
    const [store, memory] = [await open(dataDir), createMemoryStore({ now, exactQuantileLimit })];
    const [late, ...rest] = yesterday(0, 40);
    const steps = [
      rest,
      late === undefined ? [] : [withoutEnd(late)],
      yesterday(100, 9),
      late === undefined ? [] : [late],
      [...yesterday(200, 5), ...rest.slice(0, 3)],
      [sampleCall(300, { ttftSeconds: 4 })],
    ];
    for (const [at, spans] of steps.entries()) {
      for (const one of [store, memory]) await one.write({ spans });
      expect(await answers(store), `step ${at}`).toStrictEqual(await answers(memory));
      if (at % 2 === 0) await seal(store);
      expect(await answers(store), `step ${at}, sealed`).toStrictEqual(await answers(memory));
    }
  });

  it("ROL-3 nothing of a purged span stays in a rollup: it goes with its file and is made of what stays", async () => {
    const dataDir = await temporary();
    const kept = await temporary();
    const [store, memory] = [await open(dataDir), createMemoryStore({ now, exactQuantileLimit })];
    for (const one of [store, memory]) await one.write({ spans: yesterday(0, 40) });
    await seal(store);
    await answers(store);
    await cp(join(dataDir, "index"), kept, { recursive: true });
    for (const selector of [{ service: "odd" }, { model: "m2" }, { traceId: yesterday(0, 1)[0]?.traceId ?? "" }]) {
      for (const one of [store, memory]) await purge(one, selector);
      expect(await rollupFiles(dataDir)).toStrictEqual([]);
      expect(await answers(store)).toStrictEqual(await answers(memory));
    }
    await store.close();
    // A rollup of other rows is no answer, and one without its file goes.
    for (const name of ROLLUPS) await cp(join(kept, name), join(dataDir, "index", name));
    await cp(join(kept, ROLLUPS[0] ?? ""), join(dataDir, "index", "2026-11-20.sealed.duckdb.rollup-60"));
    const again = await open(dataDir);
    expect(await rollupFiles(dataDir)).toStrictEqual(ROLLUPS);
    expect(await answers(again)).toStrictEqual(await answers(memory));
    for (const one of [again, memory]) await purge(one, { all: true });
    expect(await rollupFiles(dataDir)).toStrictEqual([]);
    expect(await answers(again)).toStrictEqual(await answers(memory));
  });

  it("ROL-4 a backup needs no rollup; what it is restored to makes its own; they go with their day", async () => {
    const [dataDir, backup, restored] = [await temporary(), await temporary(), await temporary()];
    const store = await open(dataDir);
    await store.write({ spans: yesterday(0, 30) });
    await seal(store);
    const before = await answers(store);
    await store.backup(backup);
    expect(await rollupFiles(backup)).toStrictEqual([]);
    await restoreBackup(backup, restored, nodeIoPort);
    const second = await open(restored);
    expect(await answers(second)).toStrictEqual(before);
    expect(await rollupFiles(restored)).toStrictEqual(ROLLUPS);
    await second.retain({ maxAgeDays: 0.1 });
    expect(await rollupFiles(restored)).toStrictEqual([]);
  });

  it("ROL-5 rollups that a start finds missing are made soon by themselves, and questions do not wait for them", async () => {
    const dataDir = await temporary();
    const [first] = SPECS;
    const exactness = async (store: TraceStore): Promise<string | undefined> => {
      const [whole] = first === undefined ? [] : await store.aggregate(first);
      expect(whole?.calls).toBe(60);
      return whole?.columns.durationSeconds?.exactness;
    };
    let store = await open(dataDir);
    await store.write({ spans: yesterday(0, 60) });
    await seal(store);
    await store.close();
    const lose = async (): Promise<void> => {
      for (const name of ROLLUPS) await rm(join(dataDir, "index", name), { force: true });
    };

    await lose();
    store = await open(dataDir, { rollUpAfterMs: 600_000 });
    expect(await exactness(store), "read from its rows").toBe("exact");
    expect(await rollupFiles(dataDir), "made by nobody who asks").toStrictEqual([]);
    await store.retain({});
    expect(await rollupFiles(dataDir), "made by the upkeep").toStrictEqual(ROLLUPS);
    expect(await exactness(store)).toBe("sketch");
    await store.close();

    store = await open(dataDir, { rollUpAfterMs: 600_000 });
    expect(await exactness(store), "they are there already").toBe("sketch");
    await store.close();

    await lose();
    store = await open(dataDir, { rollUpAfterMs: 0 });
    await store.close();
    await lose();
    store = await open(dataDir, { rollUpAfterMs: 0 });
    await expect.poll(() => rollupFiles(dataDir)).toStrictEqual(ROLLUPS);
    await expect.poll(() => exactness(store)).toBe("sketch");
  });
});

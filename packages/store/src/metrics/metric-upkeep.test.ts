import { deepStrictEqual, equal, ok } from "node:assert/strict";
import { cpSync, rmSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, it } from "vitest";
import type { MetricStore } from "../metric-contract.ts";
import { ALWAYS, DAY_MS, entry, gauge, HISTOGRAM, histogramAt, NOW_MS, put, values } from "../testing/metric-case.ts";
import type { EmbeddedMetricStoreOptions } from "./embedded-metric-options.ts";
import { openEmbeddedMetricStore } from "./embedded-metric-store.ts";

const YESTERDAY_MS = NOW_MS - DAY_MS;
const DAY_FILE = "2026-11-23.duckdb";
const [SCRAPES, SERIES] = [150, 60];

let root = "";
let folders = 0;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "nexent-metric-upkeep-"));
});
afterAll(async () => {
  await rm(root, { recursive: true, force: true });
});

function newFolder(): string {
  return join(root, String(folders++));
}

function open(dataDir: string, more: Partial<EmbeddedMetricStoreOptions> = {}): Promise<MetricStore> {
  return openEmbeddedMetricStore({ dataDir, now: () => NOW_MS, indexFlushMs: 5, diskReserveBytes: 0, ...more });
}

/** Scrapes of yesterday as they come: all series at a time, then all at the next. */
async function scrapeYesterday(store: MetricStore): Promise<void> {
  for (let scrape = 0; scrape < SCRAPES; scrape++) {
    const timestampMs = YESTERDAY_MS + scrape * 5_000;
    const gauges = Array.from({ length: SERIES }, (_, at) =>
      entry(gauge("load", { at: String(at) }), { scalars: [{ timestampMs, value: at + Math.floor(scrape / 10) }] }),
    );
    const histogram = entry(HISTOGRAM, { histograms: [histogramAt(timestampMs)] });
    equal((await store.write({ entries: [...gauges, histogram] })).status, "accepted");
  }
  await store.flush();
}

/** How often a row of the day file belongs to an earlier series, or an earlier time of the same, than the row before. */
async function stepsBack(dataDir: string): Promise<number> {
  const database = await DuckDBInstance.create(join(dataDir, "metrics", "index", DAY_FILE));
  const connection = await database.connect();
  const answer = await connection.runAndReadAll(
    "SELECT count(*) FROM (SELECT (series_id, ts_ms) AS place, lag((series_id, ts_ms)) OVER () AS previous FROM samples) WHERE place < previous",
  );
  connection.closeSync();
  database.closeSync();
  return Number(answer.getRows()[0]?.[0]);
}

/** What a kill leaves. */
function afterKill(dataDir: string): string {
  const copy = newFolder();
  cpSync(join(dataDir, "metrics"), join(copy, "metrics"), { recursive: true });
  rmSync(join(copy, "metrics", "LOCK"));
  return copy;
}

describe("upkeep of metric samples", () => {
  it("MET-29 a day that is over is sorted once, by series and time; the answers stay, also for what comes late", async () => {
    const dataDir = newFolder();
    const killed: string[] = [];
    const failpoint = (name: string): void => {
      if (name === "metric-pack-copied" || name === "metric-packed") killed.push(afterKill(dataDir));
    };
    const store = await open(dataDir, { failpoint });
    await scrapeYesterday(store);
    const before = await store.select({}, ALWAYS);
    await store.retain({});
    deepStrictEqual(await store.select({}, ALWAYS), before);
    await store.retain({});
    equal(killed.length, 2, "it is not packed again");

    // A repeat of a packed sample changes nothing, a new one joins its series.
    const [first, late] = [gauge("load", { at: "0" }), YESTERDAY_MS + 1];
    await put(store, entry(first, { scalars: [{ timestampMs: YESTERDAY_MS, value: 99 }] }));
    await put(store, entry(first, { scalars: [{ timestampMs: late, value: 7 }] }));
    await store.close();
    const unsorted = await Promise.all([stepsBack(killed[0] ?? ""), stepsBack(killed[1] ?? "")]);
    ok((unsorted[0] ?? 0) > 100);
    equal(unsorted[1], 0);
    const again = await open(dataDir);
    const [series] = await again.select({ families: ["load"] }, ALWAYS);
    deepStrictEqual(
      series?.scalars.slice(0, 2).map(({ timestampMs, value }) => [timestampMs, value]),
      [
        [YESTERDAY_MS, 0],
        [late, 7],
      ],
    );
    equal((await again.stats()).samples, SCRAPES * (SERIES + 1) + 1);
    await again.close();
    for (const folder of killed) {
      const restarted = await open(folder);
      deepStrictEqual(await restarted.select({}, ALWAYS), before);
      await restarted.close();
    }
  }, 60_000);

  it("MET-30 verify reads every day, names what is damaged, sets it aside and builds it again from the journal", async () => {
    const dataDir = newFolder();
    const store = await open(dataDir);
    await scrapeYesterday(store);
    await put(store, values(gauge("today"), { 0: 1 }));
    deepStrictEqual(
      (await store.verify()).map(({ day, samples, problem }) => [day, samples, problem]),
      [
        ["2026-11-23", SCRAPES * (SERIES + 1), undefined],
        ["2026-11-24", 1, undefined],
      ],
    );
    await store.close();
    const path = join(dataDir, "metrics", "index", DAY_FILE);
    const bytes = await readFile(path);
    const reopened = await open(dataDir);
    // Blocks of data, not what is read when the file is opened.
    for (let at = Math.floor(bytes.length / 2); at < bytes.length * 0.6; at++) bytes[at] = (bytes[at] ?? 0) ^ 0xff;
    await writeFile(path, bytes);
    const [damaged, whole] = await reopened.verify();
    ok(damaged?.problem?.includes("set aside"));
    equal(whole?.problem, undefined);
    equal((await readdir(join(dataDir, "metrics", "quarantine"))).length > 0, true);
    equal((await reopened.stats()).samples, SCRAPES * (SERIES + 1) + 1, "the journal held everything");
    await reopened.close();
  }, 60_000);

  it("MET-31 D15 a backup holds everything acknowledged before it, while samples go on coming, and opens as a store", async () => {
    const [dataDir, copy] = [newFolder(), newFolder()];
    const store = await open(dataDir);
    await scrapeYesterday(store);
    await store.retain({});
    await put(store, values(gauge("today"), { 0: 1, 1: 2 }));
    const before = await store.select({}, ALWAYS);
    let isOver = false;
    const writing = (async () => {
      for (let second = 10; !isOver; second++) await put(store, values(gauge("later"), { [second]: second }));
    })();
    const files = await store.backUp(copy);
    isOver = true;
    await writing;
    ok(files.every(({ path }) => path.startsWith("metrics/")));
    const restored = await open(copy);
    const families = ["load", HISTOGRAM.family, "today"];
    deepStrictEqual(await restored.select({ families }, ALWAYS), before);
    await put(restored, values(gauge("today"), { 2: 3 }));
    equal((await restored.select({ families: ["today"] }, ALWAYS))[0]?.scalars.length, 3, "positions go on");
    await restored.close();
    await store.close();
  }, 60_000);
});

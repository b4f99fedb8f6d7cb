import { deepStrictEqual, equal, ok } from "node:assert/strict";
import { cpSync, rmSync } from "node:fs";
import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, it } from "vitest";
import { nodeIoPort } from "../io-port.ts";
import { readJournal } from "../journal/read-journal.ts";
import type { MetricStore, SeriesSamples } from "../metric-contract.ts";
import { filesWith } from "../testing/find-bytes.ts";
import {
  ALWAYS,
  DAY_MS,
  entry,
  exemplarAt,
  gauge,
  HISTOGRAM,
  histogramAt,
  NOW_MS,
  put,
  rangeOf,
  values,
} from "../testing/metric-case.ts";
import { refusesWith } from "../testing/store-case.ts";
import type { EmbeddedMetricStoreOptions } from "./embedded-metric-options.ts";
import { openEmbeddedMetricStore } from "./embedded-metric-store.ts";
import { decodeMetrics } from "./metric-codec.ts";

let root = "";
let folders = 0;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "nexent-metric-files-"));
});
afterAll(async () => {
  await rm(root, { recursive: true, force: true });
});

class Killed extends Error {}

function open(dataDir: string, more: Partial<EmbeddedMetricStoreOptions> = {}): Promise<MetricStore> {
  return openEmbeddedMetricStore({ dataDir, now: () => NOW_MS, indexFlushMs: 5, diskReserveBytes: 0, ...more });
}

function newFolder(): string {
  return join(root, String(folders++));
}

/** What a kill leaves: the files as they are now; the first holder goes on without an effect on the copy. */
function afterKill(dataDir: string): string {
  const copy = newFolder();
  cpSync(join(dataDir, "metrics"), join(copy, "metrics"), { recursive: true });
  rmSync(join(copy, "metrics", "LOCK"));
  return copy;
}

async function numbers(store: MetricStore): Promise<readonly number[]> {
  await store.flush();
  return (await store.select({}, ALWAYS)).flatMap(({ scalars }) => scalars.map(({ value }) => value));
}

function second(at: number): SeriesSamples {
  return values({ ...gauge("g", { a: "1" }), help: "Some help." }, { [at]: at });
}

describe("embedded metric store", () => {
  it("MET-21 nothing acknowledged is lost or doubled across process death, indexed or not", async () => {
    for (const indexFlushMs of [5, 60_000]) {
      const dataDir = newFolder();
      const store = await open(dataDir, { indexFlushMs });
      for (let at = 0; at < 20; at++) equal((await store.write({ entries: [second(at)] })).status, "accepted");
      if (indexFlushMs === 5) await store.flush();
      const killed = await open(afterKill(dataDir));
      deepStrictEqual(
        await numbers(killed),
        Array.from({ length: 20 }, (_, at) => at),
      );
      await put(killed, second(3), second(20));
      equal((await numbers(killed)).length, 21);
      await killed.close();
      await store.close();
    }
  });

  it("MET-21 a kill between two days of one batch, and any number of restarts, write each sample once", async () => {
    const dataDir = newFolder();
    let flushes = 0;
    const failpoint = (name: string): void => {
      if (name === "metric-index-flush" && ++flushes === 2) throw new Killed();
    };
    const two = [second(0), second(-DAY_MS / 1_000)];
    const store = await open(dataDir, { failpoint });
    equal((await store.write({ entries: two })).status, "accepted");
    await store.flush();
    deepStrictEqual(await numbers(store), [-DAY_MS / 1_000, 0]);
    await store.close();
    for (let restart = 0; restart < 3; restart++) {
      const again = await open(dataDir);
      await put(again, ...two);
      deepStrictEqual(await numbers(again), [-DAY_MS / 1_000, 0]);
      equal((await again.stats()).samples, 2);
      await again.close();
    }
  });

  it("MET-22 a torn tail of the journal costs nothing that was acknowledged", async () => {
    const dataDir = newFolder();
    const store = await open(dataDir, { indexFlushMs: 60_000 });
    for (let at = 0; at < 5; at++) await store.write({ entries: [second(at)] });
    const killed = afterKill(dataDir);
    const segment = await segmentOf(killed);
    await appendFile(segment, Buffer.alloc(1_000, 7));
    const again = await open(killed);
    deepStrictEqual(await numbers(again), [0, 1, 2, 3, 4]);
    equal((await readdir(join(killed, "metrics", "quarantine"))).length, 1);
    await put(again, second(5));
    await again.close();
    const last = await open(killed);
    deepStrictEqual(await numbers(last), [0, 1, 2, 3, 4, 5]);
    await last.close();
    await store.close();
  });

  it("MET-22 D4 a damaged day file is set aside and built again from the journal", async () => {
    const dataDir = newFolder();
    const store = await open(dataDir);
    await put(store, second(0), second(1), entry(HISTOGRAM, { histograms: [histogramAt(NOW_MS)] }));
    await put(store, second(-DAY_MS / 1_000));
    const before = await store.select({}, ALWAYS);
    await store.close();
    const file = join(dataDir, "metrics", "index", "2026-11-24.duckdb");
    await writeFile(file, Buffer.alloc((await readFile(file)).length, 1));
    const warnings: string[] = [];
    const again = await open(dataDir, {
      logger: { info: () => undefined, warn: (event) => void warnings.push(event) },
    });
    deepStrictEqual(await again.select({}, ALWAYS), before);
    ok(warnings.includes("metric_file_quarantined"));
    equal(again.quarantinedFiles(), 1);
    await again.close();
    const restarted = await open(dataDir);
    equal(restarted.quarantinedFiles(), 1);
    await restarted.purge({ all: true });
    equal(restarted.quarantinedFiles(), 0);
    await restarted.close();
  });

  it("MET-22 D3 damage inside a closed segment costs its rest, and only when the index lacks it", async () => {
    const dataDir = newFolder();
    const store = await open(dataDir);
    for (let at = 0; at < 5; at++) await put(store, second(at));
    await store.close();
    const segment = await segmentOf(dataDir);
    const bytes = await readFile(segment);
    const middle = bytes.length >> 1;
    bytes.writeUInt8(bytes.readUInt8(middle) ^ 1, middle);
    await writeFile(segment, bytes);
    const intact = await open(dataDir);
    deepStrictEqual(await numbers(intact), [0, 1, 2, 3, 4]);
    await intact.close();
    await rm(join(dataDir, "metrics", "index", "2026-11-24.duckdb"));
    const cut = await open(dataDir);
    const rest = await numbers(cut);
    ok(rest.length > 0 && rest.length < 5, String(rest));
    deepStrictEqual(rest, [0, 1, 2, 3, 4].slice(0, rest.length));
    equal((await readdir(join(dataDir, "metrics", "quarantine"))).length, 1);
    await put(cut, second(4));
    await cut.close();
    const again = await open(dataDir);
    deepStrictEqual(await numbers(again), [...rest, 4]);
    await again.close();
  });

  it("MET-23 no byte of purged samples, labels, help and exemplars stays in any file", async () => {
    const dataDir = newFolder();
    const store = await open(dataDir);
    const canary = "canary-7f3a9";
    const secret = { ...gauge("secret", { user: `${canary}-label` }), help: `${canary}-help` };
    const exemplars = [exemplarAt(NOW_MS, { labels: { user: `${canary}-exemplar` } })];
    await put(store, values(secret, { 0: 1 }), entry(HISTOGRAM, { histograms: [histogramAt(NOW_MS)], exemplars }));
    await put(store, second(-100));
    ok((await filesWith(dataDir, canary)).length > 0, "the canary can be found while it is there");
    ok((await journalText(dataDir)).includes(canary));
    deepStrictEqual(await store.purge({ range: rangeOf(NOW_MS, NOW_MS + 1) }), { samples: 2 });
    deepStrictEqual(await filesWith(dataDir, canary), []);
    equal((await journalText(dataDir)).includes(canary), false);
    await put(store, second(-50));
    await store.close();
    deepStrictEqual(await filesWith(dataDir, canary), []);
    const again = await open(dataDir);
    deepStrictEqual(await numbers(again), [-100, -50]);
    deepStrictEqual(await again.purge({ all: true }), { samples: 2 });
    deepStrictEqual(await filesWith(dataDir, "Some help."), []);
    equal((await journalText(dataDir)).includes("Some help."), false);
    deepStrictEqual(await readdir(join(dataDir, "metrics", "index")), ["tmp"]);
    await put(again, second(1));
    await again.close();
    const last = await open(dataDir);
    deepStrictEqual(await numbers(last), [1]);
    await last.close();
  });

  it("MET-24 D14 a purge that is interrupted anywhere is finished by the next start, and spares what came after it", async () => {
    const points = [
      "metric-purge-planned",
      "metric-erase-copied",
      "metric-erase-renamed",
      "metric-purge-segments-gone",
    ];
    for (const point of points) {
      const dataDir = newFolder();
      let copied = "";
      const failpoint = (name: string): void => {
        if (name !== point || copied !== "") return;
        copied = afterKill(dataDir);
        throw new Killed();
      };
      const store = await open(dataDir, { failpoint });
      await put(store, second(0), second(1), second(2), second(-DAY_MS / 1_000));
      await store.purge({ range: rangeOf(NOW_MS - DAY_MS, NOW_MS + 1_500) }).then(
        () => ok(false, "the purge went through"),
        (error: unknown) => ok(error instanceof Killed, String(error)),
      );
      const killed = await open(copied);
      deepStrictEqual(await numbers(killed), [2], point);
      await put(killed, second(1));
      await killed.close();
      const again = await open(copied);
      deepStrictEqual(await numbers(again), [1, 2], point);
      await again.close();
      // The store that failed goes on, and finishes first what it had begun.
      await store.retain({});
      deepStrictEqual(await numbers(store), [2], point);
      await store.close();
    }
  }, 120_000);

  it("MET-25 removed days stay away after a restart, and a kill in the middle of retention loses nothing else", async () => {
    const dataDir = newFolder();
    let copied = "";
    const failpoint = (name: string): void => {
      if (name === "metric-retention") copied = afterKill(dataDir);
    };
    const store = await open(dataDir, { failpoint });
    await put(store, second(0), second((-3 * DAY_MS) / 1_000));
    deepStrictEqual((await store.retain({ maxAgeDays: 1 })).days, ["2026-11-21"]);
    await put(store, second(1));
    await store.close();
    const again = await open(dataDir);
    deepStrictEqual(await numbers(again), [0, 1]);
    await again.close();
    const killed = await open(copied);
    deepStrictEqual((await killed.retain({ maxAgeDays: 1 })).days, ["2026-11-21"]);
    deepStrictEqual(await numbers(killed), [0]);
    await killed.close();
  });

  it("MET-26 one process holds the samples, apart from the spans; a full disk is refused", async () => {
    const dataDir = newFolder();
    const store = await open(dataDir);
    await refusesWith("DATA_DIR_LOCKED", open(dataDir));
    await store.close();
    const full = await open(dataDir, { diskReserveBytes: Number.MAX_SAFE_INTEGER });
    const outcome = await full.write({ entries: [second(0)] });
    equal(outcome.status === "rejected" && outcome.error.code, "STORE_FULL");
    await full.close();
  });

  it("MET-27 a query under way is interrupted when its asker is gone", async () => {
    const store = await open(newFolder());
    const many = Array.from({ length: 50 }, (_, at) =>
      entry(gauge("g", { id: String(at) }), {
        scalars: Array.from({ length: 100 }, (_value, step) => ({ timestampMs: NOW_MS - step, value: step })),
      }),
    );
    equal((await store.write({ entries: many })).status, "accepted");
    await store.flush();
    const gone = new AbortController();
    const answer = store.select({}, ALWAYS, gone.signal);
    const reason = new Error("gone");
    setImmediate(() => gone.abort(reason));
    await answer.then(
      () => ok(false, "answered"),
      (error: unknown) => equal(error, reason),
    );
    equal((await store.select({}, ALWAYS)).length, 50);
    await store.close();
  });
});

async function segmentOf(dataDir: string): Promise<string> {
  const folder = join(dataDir, "metrics", "journal");
  const [name = ""] = await readdir(folder);
  return join(folder, name);
}

/** Everything the journal says, unpacked. */
async function journalText(dataDir: string): Promise<string> {
  const texts: string[] = [];
  await readJournal({
    io: nodeIoPort,
    directory: join(dataDir, "metrics", "journal"),
    wants: () => true,
    onBatch({ payload }) {
      texts.push(JSON.stringify(decodeMetrics(payload)?.entries));
      return true;
    },
  });
  return texts.join("\n");
}

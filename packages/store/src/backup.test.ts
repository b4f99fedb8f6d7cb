import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { restoreBackup } from "./backup.ts";
import type { TraceStore } from "./contract.ts";
import { openEmbeddedStore } from "./embedded.ts";
import { nodeIoPort } from "./io-port.ts";
import { DAY, sampleCall, sampleSpan, SAMPLE_START, withoutEnd } from "./testing/sample-spans.ts";

const NOW_MS = Number(SAMPLE_START / 1_000_000n) + 2 * 3_600_000;
const EVERYTHING = { fromUnixNanos: 0n, toUnixNanos: 2n ** 63n - 1n };
const stores: TraceStore[] = [];
let root = "";

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "nexent-backup-"));
});
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
  await rm(root, { recursive: true, force: true });
});

async function open(name: string): Promise<TraceStore> {
  const dataDir = join(root, name);
  const store = await openEmbeddedStore({
    dataDir,
    indexFlushMs: 5,
    diskReserveBytes: 0,
    now: () => NOW_MS,
    backupAlso: ["control/users.json", "control/none.json"],
  });
  stores.push(store);
  return store;
}

async function ids(store: TraceStore): Promise<readonly string[]> {
  await store.flush();
  const { rows } = await store.calls({ range: EVERYTHING }, { limit: 1_000 });
  return rows.map(({ traceId }) => traceId).sort();
}

/** A day that is sealed, late rows beside it, today, and a span without an end. */
async function filled(): Promise<TraceStore> {
  const store = await open("data");
  const early = { startUnixNanos: SAMPLE_START - DAY };
  await store.write({ spans: [sampleCall(1, early), sampleCall(2, early), sampleCall(3)] });
  await store.flush();
  for (let look = 0; look < 2; look++) await store.retain({});
  await store.write({ spans: [sampleCall(4, early), sampleCall(5), withoutEnd(sampleSpan(6))] });
  return store;
}

describe("backup", () => {
  it("BAK-1 D15 holds everything acknowledged before, taken while writes go on, and opens as a store", async () => {
    const store = await filled();
    const before = await ids(store);
    await mkdir(join(root, "data", "control"));
    await writeFile(join(root, "data", "control", "users.json"), "{}");
    let number = 100;
    let isWriting = true;
    const writing = (async () => {
      while (isWriting) await store.write({ spans: [sampleCall(number++)] });
    })();
    const report = await store.backup(join(root, "copy"));
    isWriting = false;
    await writing;
    expect(report.files).toBe((await readdir(join(root, "copy"), { recursive: true })).length - 4);
    await restoreBackup(join(root, "copy"), join(root, "restored"), nodeIoPort);
    expect(await readdir(join(root, "restored", "control"))).toStrictEqual(["users.json"]);
    const restored = await open("restored");
    const found = await ids(restored);
    expect(found).toStrictEqual(expect.arrayContaining([...before]));
    expect(new Set(found).size).toBe(found.length);
    expect(await ids(store)).toStrictEqual(expect.arrayContaining([...found]));
    expect(await restored.trace(sampleSpan(6).traceId)).toHaveLength(1);
    const { damagedFrames, quarantinedFiles, storageDegraded } = await restored.stats();
    expect({ damagedFrames, quarantinedFiles, storageDegraded }).toStrictEqual({
      damagedFrames: 0,
      quarantinedFiles: 0,
      storageDegraded: false,
    });
    expect((await restored.verify()).every(({ problem }) => problem === undefined)).toBe(true);
    // Positions go on behind those of the backup: nothing written now is taken for something old.
    await restored.write({ spans: [sampleCall(99_999)] });
    await restored.close();
    expect((await ids(await open("restored"))).length).toBe(found.length + 1);
  });

  it("BAK-2 goes only into a folder that is empty, absolute and not inside the data", async () => {
    const store = await filled();
    await mkdir(join(root, "full"));
    await writeFile(join(root, "full", "mine"), "x");
    for (const path of [
      "relative",
      join(root, "data"),
      join(root, "data", "journal", "copy"),
      join(root, "full"),
      join(root, "full", "mine"),
    ])
      await expect(store.backup(path)).rejects.toMatchObject({ code: "QUERY_INVALID" });
    expect(await readFile(join(root, "full", "mine"), "utf8")).toBe("x");
  });

  it("BAK-3 refuses to restore what is incomplete or changed, and into a folder that is in use", async () => {
    const store = await filled();
    const copy = join(root, "copy");
    await store.backup(copy);
    await expect(restoreBackup(copy, join(root, "data"), nodeIoPort)).rejects.toMatchObject({ code: "QUERY_INVALID" });
    const segment = join(copy, "journal", "000000000001.seg");
    const bytes = await readFile(segment);
    bytes[100] = (bytes[100] ?? 0) ^ 1;
    await writeFile(segment, bytes);
    await expect(restoreBackup(copy, join(root, "one"), nodeIoPort)).rejects.toMatchObject({
      code: "DATA_DIR_UNUSABLE",
      message: expect.stringContaining("000000000001.seg"),
    });
    const list = join(copy, "backup.json");
    await writeFile(list, (await readFile(list, "utf8")).replace("journal/0", "../../0"));
    await expect(restoreBackup(copy, join(root, "two"), nodeIoPort)).rejects.toMatchObject({
      code: "DATA_DIR_UNUSABLE",
    });
    await rm(list);
    await expect(restoreBackup(copy, join(root, "three"), nodeIoPort)).rejects.toMatchObject({
      code: "DATA_DIR_UNUSABLE",
    });
    expect(await readdir(join(root, "one"))).not.toContain("FORMAT");
  });
});

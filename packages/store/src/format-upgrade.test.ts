import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openEmbeddedStore } from "./embedded.ts";
import { DAY, HOUR, sampleCall, sampleSpan, SAMPLE_START, traceIdOf, withoutEnd } from "./testing/sample-spans.ts";

/** A folder as format 1 wrote it, killed while the last batch was not indexed. */
const GOLDEN = join(import.meta.dirname, "../../../tests/faults/golden/format-1");
const EVERYTHING = { fromUnixNanos: 0n, toUnixNanos: 2n ** 63n - 1n };
let root = "";

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "nexent-golden-"));
});
afterEach(() => rm(root, { recursive: true }));

async function unpack(to: string): Promise<void> {
  for (const entry of await readdir(GOLDEN, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const from = join(entry.parentPath, entry.name);
    const path = join(to, from.slice(GOLDEN.length).replace(/\.gz$/, ""));
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, gunzipSync(await readFile(from)));
  }
}

const EXPECTED = [
  sampleCall(1, { ttftSeconds: 0.25, outputTokens: 12, inputTokens: 3 }),
  sampleSpan(2),
  withoutEnd(sampleCall(3)),
  sampleCall(4, { startUnixNanos: SAMPLE_START - DAY, model: "claude", provider: "anthropic" }),
  sampleCall(5, { startUnixNanos: SAMPLE_START + HOUR, outcome: "error", errorType: "timeout" }),
];

describe("folders of earlier formats", () => {
  it.each([
    ["as it is", undefined],
    ["without its index", "index"],
  ])("FMT-1 D13 format 1 opens with every span, %s, and becomes the present one", async (_title, lost) => {
    const dataDir = join(root, "data");
    await unpack(dataDir);
    if (lost !== undefined) await rm(join(dataDir, lost), { recursive: true });
    const now = (): number => 1_795_514_405_000;
    for (let start = 0; start < 2; start++) {
      const store = await openEmbeddedStore({ dataDir, diskReserveBytes: 0, now });
      await store.flush();
      expect((await store.calls({ range: EVERYTHING }, { limit: 10 })).total).toBe(3);
      for (const [at, span] of EXPECTED.entries())
        expect((await store.trace(traceIdOf(at + 1))).map((stored) => stored.span)).toStrictEqual([span]);
      const { damagedFrames, quarantinedFiles, spans } = await store.stats();
      expect({ damagedFrames, quarantinedFiles, spans }).toStrictEqual({
        damagedFrames: 0,
        quarantinedFiles: 0,
        spans: 5,
      });
      expect(await store.write({ spans: EXPECTED })).toMatchObject({ status: "accepted" });
      await store.flush();
      expect((await store.stats()).spans).toBe(5);
      await store.close();
    }
    expect(await readFile(join(dataDir, "FORMAT"), "utf8")).toBe("2\n");
  });

  it("FMT-2 D13 a folder of a later format is refused and no byte of it is changed", async () => {
    const dataDir = join(root, "data");
    await unpack(dataDir);
    await writeFile(join(dataDir, "FORMAT"), "3\n");
    await cp(dataDir, join(root, "copy"), { recursive: true });
    await expect(openEmbeddedStore({ dataDir })).rejects.toMatchObject({ code: "DATA_DIR_TOO_NEW" });
    const names = await readdir(join(root, "copy"), { recursive: true });
    expect(await readdir(dataDir, { recursive: true })).toStrictEqual(names);
    for (const name of names.filter((file) => /\.(seg|duckdb)$|FORMAT$/.test(file)))
      expect((await readFile(join(dataDir, name))).equals(await readFile(join(root, "copy", name))), name).toBe(true);
  });
});

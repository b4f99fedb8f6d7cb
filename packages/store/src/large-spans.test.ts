import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LIMITS } from "@nexent/monitor-core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { TraceStore } from "./contract.ts";
import { openEmbeddedStore } from "./embedded.ts";
import { FIRST_FRAGMENT, LAST_FRAGMENT } from "./journal/frame-format.ts";
import { scanSegment } from "./journal/scan-segment.ts";
import { sampleCall, sampleSpan, traceIdOf } from "./testing/sample-spans.ts";

const MIB = 1024 * 1024;
const EVERYTHING = { fromUnixNanos: 0n, toUnixNanos: 2n ** 63n - 1n };
const stores: TraceStore[] = [];
let root = "";

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "nexent-large-"));
});
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
  await rm(root, { recursive: true });
});

async function open(name: string): Promise<TraceStore> {
  const store = await openEmbeddedStore({ dataDir: join(root, name), indexFlushMs: 5, diskReserveBytes: 0 });
  stores.push(store);
  return store;
}

function largeSpan(n: number, bytes: number) {
  return sampleSpan(n, { attributes: new Map([["text", "0123456789abcdef".repeat(bytes / 16)]]) });
}

describe("spans larger than a frame", () => {
  it.each([5, 20])(
    "EMB-16 one span of %i MiB goes into fragments and comes back exactly, also after a kill",
    async (mib) => {
      const span = largeSpan(1, mib * MIB);
      const store = await open("data");
      expect(await store.write({ spans: [sampleCall(2), span, sampleCall(3)] })).toStrictEqual({
        status: "accepted",
        records: 3,
      });
      const [segment] = (await readdir(join(root, "data", "journal"))).sort();
      const { frames } = scanSegment(await readFile(join(root, "data", "journal", segment ?? "")));
      expect([frames[0]?.flags, frames[0]?.payload.length]).toStrictEqual([
        FIRST_FRAGMENT,
        LIMITS.journalFrameBytes - 12,
      ]);
      // Without the index, whose files come and go meanwhile: it is made again from the journal.
      await cp(join(root, "data"), join(root, "killed"), {
        recursive: true,
        filter: (path) => !path.includes(join("data", "index", "")),
      });
      await rm(join(root, "killed", "LOCK"));
      const restarted = await open("killed");
      for (const one of [store, restarted]) {
        await one.flush();
        const [found] = await one.trace(traceIdOf(1));
        expect(found?.span.attributes.get("text") === span.attributes.get("text")).toBe(true);
        expect((await one.calls({ range: EVERYTHING }, { limit: 10 })).total).toBe(2);
        expect((await one.stats()).damagedFrames).toBe(0);
      }
    },
  );

  it("EMB-16 a kill between two fragments leaves nothing of the batch, and what came before", async () => {
    const store = await open("data");
    await store.write({ spans: [sampleCall(1)] });
    await store.write({ spans: [largeSpan(2, 6 * MIB), sampleCall(3)] });
    await store.close();
    const path = join(root, "data", "journal", "000000000001.seg");
    const bytes = await readFile(path);
    const last = scanSegment(bytes).frames.find(({ flags }) => flags === LAST_FRAGMENT);
    await rm(join(root, "data", "index"), { recursive: true });
    await writeFile(path, bytes.subarray(0, last?.offset));
    const restarted = await open("data");
    await restarted.flush();
    expect((await restarted.stats()).spans).toBe(1);
    expect(await restarted.trace(traceIdOf(3))).toStrictEqual([]);
    expect((await restarted.stats()).quarantinedFiles).toBe(1);
  });
});

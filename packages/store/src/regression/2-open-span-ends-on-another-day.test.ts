import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { openEmbeddedStore } from "../embedded.ts";
import { DAY, sampleCall, SAMPLE_START, SECOND, traceIdOf, withoutEnd } from "../testing/sample-spans.ts";

let dataDir = "";

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "nexent-open-span-"));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

const at = (startUnixNanos: bigint, durationNanos: bigint = SECOND) => sampleCall(1, { startUnixNanos, durationNanos });

for (const restarts of [false, true]) {
  it(`DED-1 I2 a span that was open on one day and ended on another is stored once${restarts ? ", after a restart too" : ""}`, async () => {
    const open = () => openEmbeddedStore({ dataDir, indexFlushMs: 1, diskReserveBytes: 0 });
    let store = await open();
    await store.write({ spans: [withoutEnd(at(SAMPLE_START - DAY))] });
    await store.write({ spans: [at(SAMPLE_START + DAY)] });
    await store.flush();
    if (restarts) {
      await store.close();
      store = await open();
    }
    await store.write({ spans: [at(SAMPLE_START, 3n * SECOND)] });
    await store.flush();
    expect(await store.trace(traceIdOf(1))).toHaveLength(1);
    expect(await store.stats()).toMatchObject({ calls: 1, conflictingSpans: 1 });
    await store.close();
  });
}

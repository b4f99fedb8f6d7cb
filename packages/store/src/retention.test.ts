import { cpSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { TraceStore } from "./contract.ts";
import { DAY, sampleCall, sampleSpan, SAMPLE_START, traceIdOf, withoutEnd } from "./testing/sample-spans.ts";
import { storesEachTest } from "./stores-each-test.testing.ts";

const SAMPLE_MS = Number(SAMPLE_START / 1_000_000n);
const EVERYTHING = { fromUnixNanos: 0n, toUnixNanos: 2n ** 63n - 1n };
const { temporary, open } = storesEachTest({ now: () => SAMPLE_MS });

async function total(store: TraceStore): Promise<number> {
  await store.flush();
  return (await store.calls({ range: EVERYTHING }, { limit: 1 })).total;
}

function onDay(n: number, daysAgo: number) {
  return sampleCall(n, { startUnixNanos: SAMPLE_START - BigInt(daysAgo) * DAY });
}

describe("retention on disk", () => {
  it("RET-5 removed days stay away after a restart, although the journal still holds their rows", async () => {
    const dataDir = await temporary();
    const store = await open(dataDir);
    await store.write({ spans: [onDay(1, 0), onDay(2, 5), withoutEnd(sampleSpan(3, { startUnixNanos: 0n }))] });
    expect((await store.retain({ maxAgeDays: 2 })).spans).toBe(2);
    expect(await readdir(join(dataDir, "index"))).not.toContain("2026-11-19.duckdb");
    const late = onDay(4, 5);
    await store.write({ spans: [late] });
    expect(await total(store)).toBe(2);
    await store.close();
    const again = await open(dataDir);
    expect([await total(again), (await again.stats()).spans]).toStrictEqual([2, 2]);
    await again.close();
    // Without its index the folder is rebuilt, the removed rows left out.
    await rm(join(dataDir, "index"), { recursive: true });
    const rebuilt = await open(dataDir);
    expect(await total(rebuilt)).toBe(2);
    expect(await rebuilt.trace(late.traceId)).toHaveLength(1);
  });

  it("RET-5 a kill between the note and the removal is finished at the next start", async () => {
    const dataDir = await temporary();
    const copy = await temporary();
    const store = await open(dataDir, {
      failpoint: (name) => {
        // In one piece: the removal goes on right behind it.
        if (name === "retention") cpSync(dataDir, copy, { recursive: true });
      },
    });
    await store.write({ spans: [onDay(1, 0), onDay(2, 5)] });
    await store.flush();
    await store.retain({ maxAgeDays: 2 });
    await rm(join(copy, "LOCK"), { force: true });
    const restarted = await open(copy);
    expect(await total(restarted)).toBe(1);
    expect(await readdir(join(copy, "index"))).not.toContain("2026-11-19.duckdb");
  });

  it("RET-6 by size the oldest days go, today never, and segments whose rows are all gone go with them", async () => {
    const dataDir = await temporary();
    const text = { text: "x".repeat(16_000) };
    const unfinished = withoutEnd(sampleSpan(9_999));
    // A restart closes the segment, so that the days before lie in segments of their own.
    for (const daysAgo of [3, 2, 1]) {
      const store = await open(dataDir);
      const startUnixNanos = SAMPLE_START - BigInt(daysAgo) * DAY;
      await store.write({
        spans: Array.from({ length: 100 }, (_, n) =>
          sampleCall(daysAgo * 1_000 + n, { startUnixNanos, attributes: text }),
        ),
      });
      if (daysAgo === 3) await store.write({ spans: [unfinished] });
      await store.close();
    }
    const store = await open(dataDir);
    await store.write({ spans: [onDay(1, 0)] });
    await store.flush();
    const before = (await store.stats()).diskBytes;
    const report = await store.retain({ maxBytes: before - 1 });
    expect(report.days).toStrictEqual(["2026-11-21"]);
    expect(report.freedBytes).toBeGreaterThan(1_600_000);
    expect(await readdir(join(dataDir, "journal"))).not.toContain("000000000001.seg");
    expect((await store.retain({ maxBytes: 1 })).days).toStrictEqual(["2026-11-22", "2026-11-23"]);
    expect(await total(store)).toBe(1);
    await store.close();
    const restarted = await open(dataDir);
    expect(await total(restarted)).toBe(1);
    expect((await restarted.trace(unfinished.traceId)).map(({ span }) => span)).toStrictEqual([unfinished]);
    const { damagedFrames, spans } = await restarted.stats();
    expect({ damagedFrames, spans }).toStrictEqual({ damagedFrames: 0, spans: 2 });
  });

  it("RET-6 positions go on where they were, also when no segment is left", async () => {
    const dataDir = await temporary();
    const first = await open(dataDir);
    for (let n = 0; n < 5; n++) await first.write({ spans: [onDay(n, 5)] });
    await first.close();
    const second = await open(dataDir);
    await second.retain({ maxAgeDays: 2 });
    await second.close();
    expect(await readdir(join(dataDir, "journal"))).toStrictEqual([]);
    const third = await open(dataDir);
    await third.write({ spans: [onDay(7, 5)] });
    expect(await total(third)).toBe(1);
    await third.close();
    const fourth = await open(dataDir);
    expect(await total(fourth)).toBe(1);
    expect(await fourth.trace(traceIdOf(7))).toHaveLength(1);
  });
});

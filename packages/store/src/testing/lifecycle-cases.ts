import { deepStrictEqual, equal } from "node:assert/strict";
import { DAY, HOUR, sampleCall, sampleSpan, SAMPLE_START, traceIdOf, withoutEnd } from "./sample-spans.ts";
import { calls, type StoreCase } from "./store-case.ts";

/** `SAMPLE_START` as the wall clock tells it, ms. */
const SAMPLE_MS = Number(SAMPLE_START / 1_000_000n);
const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

/** Rules of removing what is stored. */
export const LIFECYCLE_CASES: readonly StoreCase[] = [
  {
    title: "RET-1 removes whole days once their last moment is older than the age, spans without an end too",
    async run(open) {
      const store = await open({ now: () => SAMPLE_MS });
      const at = (days: bigint) => ({ startUnixNanos: SAMPLE_START - days * DAY });
      // 10:00 on the day of the sample; the last moment of the third day before is 2 days and 10 hours old.
      await store.write({ spans: [sampleCall(1, at(0n)), sampleCall(2, at(2n)), sampleCall(3, at(3n))] });
      await store.write({ spans: [sampleCall(4, at(4n)), withoutEnd(sampleSpan(5, at(3n))), sampleSpan(6, at(3n))] });
      await store.write({ spans: [withoutEnd(sampleSpan(7, at(1n)))] });
      const { days, spans, held } = await store.retain({ maxAgeDays: 2 });
      deepStrictEqual({ days, spans, held }, { days: ["2026-11-20", "2026-11-21"], spans: 4, held: undefined });
      equal((await calls(store)).length, 2);
      for (const n of [3, 4, 5, 6]) deepStrictEqual(await store.trace(traceIdOf(n)), []);
      for (const n of [1, 2, 7]) equal((await store.trace(traceIdOf(n))).length, 1);
      deepStrictEqual((await store.retain({ maxAgeDays: 2 })).days, []);
      const stats = await store.stats();
      deepStrictEqual([stats.spans, stats.days, stats.expiredSpans], [3, 2, 4]);
      await store.close();
    },
  },
  {
    title: "RET-2 a span of a removed day that comes late is stored like any other",
    async run(open) {
      const store = await open({ now: () => SAMPLE_MS });
      const old = sampleCall(1, { startUnixNanos: SAMPLE_START - 5n * DAY });
      await store.write({ spans: [old] });
      await store.retain({ maxAgeDays: 2 });
      deepStrictEqual(await store.write({ spans: [old] }), { status: "accepted", records: 1 });
      equal((await calls(store)).length, 1);
      deepStrictEqual((await store.retain({ maxAgeDays: 2 })).days, ["2026-11-19"]);
      deepStrictEqual(await store.trace(old.traceId), []);
      await store.close();
    },
  },
  {
    title: "RET-3 never removes today, however small the age",
    async run(open) {
      const store = await open({ now: () => SAMPLE_MS });
      await store.write({ spans: [sampleCall(1), sampleCall(2, { startUnixNanos: SAMPLE_START + HOUR })] });
      deepStrictEqual((await store.retain({ maxAgeDays: 0, maxBytes: 0 })).days, []);
      equal((await calls(store)).length, 2);
      await store.close();
    },
  },
  {
    title: "RET-4 D10 removes nothing after a jump of the clock until a second call confirms it",
    async run(open) {
      let nowMs = SAMPLE_MS;
      const store = await open({ now: () => nowMs });
      await store.write({ spans: [sampleCall(1)] });
      nowMs += 9 * MINUTE_MS;
      equal((await store.retain({ maxAgeDays: 15 })).held, undefined);
      for (const jump of [400 * DAY_MS, -400 * DAY_MS, 60 * MINUTE_MS, -120 * MINUTE_MS, -SAMPLE_MS, SAMPLE_MS]) {
        nowMs += jump;
        deepStrictEqual(await store.retain({ maxAgeDays: 15 }), {
          days: [],
          spans: 0,
          freedBytes: 0,
          held: "clock-jump",
        });
        equal((await calls(store)).length, 1);
      }
      nowMs += 400 * DAY_MS;
      equal((await store.retain({ maxAgeDays: 15 })).held, "clock-jump");
      deepStrictEqual((await store.retain({ maxAgeDays: 15 })).days, ["2026-11-24"]);
      equal((await calls(store)).length, 0);
      await store.close();
    },
  },
];

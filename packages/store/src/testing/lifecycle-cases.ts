import { deepStrictEqual, equal } from "node:assert/strict";
import type { PurgeSelector } from "../contract.ts";
import { DAY, HOUR, sampleCall, sampleSpan, SAMPLE_START, traceIdOf, withoutEnd } from "./sample-spans.ts";
import { calls, onStore, refusesWith, type StoreCase } from "./store-case.ts";

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
        const { days, held } = await store.retain({ maxAgeDays: 15 });
        deepStrictEqual({ days, held }, { days: [], held: "clock-jump" });
        equal((await calls(store)).length, 1);
      }
      nowMs += 400 * DAY_MS;
      equal((await store.retain({ maxAgeDays: 15 })).held, "clock-jump");
      deepStrictEqual((await store.retain({ maxAgeDays: 15 })).days, ["2026-11-24"]);
      equal((await calls(store)).length, 0);
      await store.close();
    },
  },
  onStore(
    "PUR-1 counts first, then erases exactly that, by service, model, trace, time and any of them together",
    async (store) => {
      const spans = [
        sampleCall(1, { service: "a", model: "m" }),
        sampleCall(2, { service: "a", model: "n" }),
        sampleCall(3, { service: "b", model: "m" }),
        sampleSpan(4),
        withoutEnd(sampleCall(5, { service: "a" })),
        { ...sampleCall(6, { service: "b" }), traceId: traceIdOf(4) },
        sampleCall(7, { service: "b", startUnixNanos: SAMPLE_START - DAY }),
      ];
      await store.write({ spans });
      const steps: readonly (readonly [PurgeSelector, number, number])[] = [
        [{ service: "a", model: "m" }, 1, 6],
        [{ service: "a" }, 2, 4],
        [{ model: "none" }, 0, 4],
        [{ traceId: traceIdOf(4) }, 2, 2],
        [{ range: { fromUnixNanos: SAMPLE_START - DAY, toUnixNanos: SAMPLE_START } }, 1, 1],
        [{ all: true }, 1, 0],
      ];
      for (const [selector, count, left] of steps) {
        const preview = await store.previewPurge(selector);
        equal(preview.spans, count);
        equal((await store.stats()).spans, left + count);
        const { planId } = preview;
        deepStrictEqual(await store.purge(planId), { planId, previewedSpans: count, spans: count });
        equal((await store.stats()).spans, left);
      }
      deepStrictEqual([(await calls(store)).length, (await store.stats()).purgedSpans], [0, 7]);
    },
  ),
  onStore("PUR-2 a preview names traces and days, and is good for one purge", async (store) => {
    await store.write({ spans: [sampleCall(1), sampleCall(2), sampleCall(3, { startUnixNanos: SAMPLE_START - DAY })] });
    await store.write({ spans: [{ ...sampleCall(4), traceId: traceIdOf(1) }] });
    const { planId, traces, days, quarantinedFiles } = await store.previewPurge({ model: "gpt-4" });
    deepStrictEqual(
      { traces, days, quarantinedFiles },
      { traces: 3, days: ["2026-11-23", "2026-11-24"], quarantinedFiles: 0 },
    );
    equal((await store.purge(planId)).spans, 4);
    await refusesWith("NOT_FOUND", store.purge(planId));
    await refusesWith("NOT_FOUND", store.purge("unknown"));
  }),
  onStore("PUR-3 a selector names a condition or says all", async (store) => {
    await refusesWith("QUERY_INVALID", store.previewPurge({}));
    await refusesWith("QUERY_INVALID", store.previewPurge({ all: true, service: "a" }));
    await refusesWith("QUERY_INVALID", store.previewPurge({ traceId: "x" }));
    await refusesWith("QUERY_INVALID", store.previewPurge({ range: { fromUnixNanos: 2n, toUnixNanos: 1n } }));
  }),
  onStore("PUR-4 what was purged is new when it is sent again, and what stayed is still a repeat", async (store) => {
    const [gone, kept] = [sampleCall(1, { service: "a" }), sampleCall(2, { service: "b" })];
    await store.write({ spans: [gone, kept] });
    const { planId } = await store.previewPurge({ service: "a" });
    await store.write({ spans: [sampleCall(3, { service: "a" })] });
    deepStrictEqual(await store.purge(planId), { planId, previewedSpans: 1, spans: 2 });
    await store.write({ spans: [gone, kept] });
    deepStrictEqual((await calls(store)).map(({ service }) => service).sort(), ["a", "b"]);
    equal((await store.stats()).duplicateSpans, 1);
  }),
];

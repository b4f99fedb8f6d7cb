import { deepStrictEqual, equal, ok, rejects } from "node:assert/strict";
import { LIMITS, type AttributeValue } from "@nexent/monitor-core";
import type { StoredSpan } from "../contract.ts";
import { createSpanEncoder } from "../encoded-spans.ts";
import { sampleCall, sampleSpan, SAMPLE_START, spanIdOf, traceIdOf, withoutEnd } from "./sample-spans.ts";
import { calls, EVERYTHING, onStore, refusesWith, type StoreCase } from "./store-case.ts";

/** Rules of writing, repeating and closing. */
export const WRITE_CASES: readonly StoreCase[] = [
  onStore("WRT-1 a written batch is accepted and comes back exactly", async (store) => {
    const attributes = new Map<string, AttributeValue>([
      ["text", "é😀\u0000\u0001\u0002"],
      ["int", 42],
      ["double", 0.1],
      ["zero", -0],
      ["big", 2n ** 63n],
      ["yes", true],
      ["bytes", new Uint8Array([0, 255])],
      ["list", [1, "a", null]],
      ["__proto__", new Map([["deep", [0.5]]])],
      ["", ""],
    ]);
    const full = sampleSpan(1, {
      parentSpanId: spanIdOf(7),
      traceState: "a=b",
      flags: 0x301,
      statusMessage: "boom",
      scope: "lib",
      startUnixNanos: SAMPLE_START + 1n,
      durationNanos: 123_456_789n,
      attributes,
      resource: {
        service: "shop",
        attributes: new Map<string, AttributeValue>([
          ["service.name", "shop"],
          ["host.cpus", 8],
        ]),
      },
      events: [{ name: "retry", timeUnixNanos: SAMPLE_START + 2n, attributes }],
      links: [{ traceId: traceIdOf(3), spanId: spanIdOf(3), attributes }],
    });
    deepStrictEqual(await store.write({ spans: [full] }), { status: "accepted", records: 1 });
    deepStrictEqual(await store.trace(full.traceId), [{ span: full }]);
    await store.flush();
    const [read] = await store.trace(full.traceId);
    deepStrictEqual(read, { span: full });
    deepStrictEqual([...(read?.span.attributes.keys() ?? [])], [...attributes.keys()]);
  }),
  onStore(
    "WRT-1 an LLM call keeps its promoted fields and its attributes, the token tape among them",
    async (store) => {
      const call = sampleCall(1, {
        ttftSeconds: 0.25,
        outputTokens: 12,
        attributes: { "llm.token_tape": "x".repeat(500) },
      });
      await store.write({ spans: [call] });
      const [before] = await store.trace(call.traceId);
      await store.flush();
      const [after] = await store.trace(call.traceId);
      deepStrictEqual(after, before);
      deepStrictEqual(after?.span, call);
      equal(after?.llm?.ttftSeconds, 0.25);
      equal((await calls(store))[0]?.llm.tokenTape, undefined);
    },
  ),
  onStore("WRT-2 an empty batch is accepted", async (store) => {
    deepStrictEqual(await store.write({ spans: [] }), { status: "accepted", records: 0 });
  }),
  onStore("WRT-3 records that break a rule are rejected, the others of the batch are kept", async (store) => {
    const bad = [
      sampleSpan(1, { traceId: "xyz" }),
      sampleSpan(2, { spanId: "ABCDEFABCDEFABCD" }),
      sampleSpan(3, { parentSpanId: "" }),
      sampleSpan(4, { startUnixNanos: -1n }),
      sampleSpan(5, { startUnixNanos: 2n ** 63n }),
      sampleSpan(6, { durationNanos: -1n }),
      sampleSpan(7, { attributes: new Map([["deep", nested(LIMITS.valueNesting + 1)]]) }),
    ];
    const outcome = await store.write({ spans: [sampleSpan(9), ...bad] });
    ok(outcome.status === "partial");
    deepStrictEqual([outcome.accepted, outcome.rejected], [1, bad.length]);
    ok(outcome.reason.length > 0);
    equal((await store.trace(traceIdOf(9))).length, 1);
    equal((await store.stats()).spans, 1);
  }),
  onStore("WRT-3 values may nest as deep as the limit", async (store) => {
    const span = sampleSpan(1, { attributes: new Map([["deep", nested(LIMITS.valueNesting)]]) });
    equal((await store.write({ spans: [span] })).status, "accepted");
    await store.flush();
    deepStrictEqual(await store.trace(span.traceId), [{ span }]);
  }),
  onStore(
    "WRT-4 I1 a repeat changes nothing and is acknowledged, in the same batch, at once and after indexing",
    async (store) => {
      const batch = { spans: [sampleCall(1), sampleCall(2), sampleCall(1)] };
      const outcomes = await Promise.all([store.write(batch), store.write(batch)]);
      await store.flush();
      outcomes.push(await store.write(batch));
      for (const outcome of outcomes) equal(outcome.status, "accepted");
      equal((await calls(store)).length, 2);
      const { spans, duplicateSpans, conflictingSpans } = await store.stats();
      deepStrictEqual(
        { spans, duplicateSpans, conflictingSpans },
        { spans: 2, duplicateSpans: 7, conflictingSpans: 0 },
      );
    },
  ),
  onStore(
    "WRT-5 I2 of two different spans of one identity the first stays and the conflict is counted",
    async (store) => {
      const first = sampleSpan(1);
      await store.write({ spans: [first] });
      equal((await store.write({ spans: [{ ...first, name: "other" }] })).status, "accepted");
      await store.flush();
      await store.write({ spans: [{ ...first, name: "other again" }] });
      await store.flush();
      deepStrictEqual(await store.trace(first.traceId), [{ span: first }]);
      equal((await store.stats()).conflictingSpans, 2);
    },
  ),
  onStore(
    "WRT-6 I2 a span with an end replaces one without, in either order, before and after indexing",
    async (store) => {
      const spans = [1, 2, 3].map((n) => sampleCall(n));
      const [one, two, three] = spans;
      ok(one !== undefined && two !== undefined && three !== undefined);
      await store.write({ spans: [withoutEnd(one), two] });
      deepStrictEqual((await store.trace(one.traceId))[0]?.span, withoutEnd(one));
      await store.write({ spans: [one, withoutEnd(two), withoutEnd(three)] });
      await store.flush();
      equal((await calls(store)).length, 2);
      await store.write({ spans: [three] });
      await store.flush();
      deepStrictEqual(
        (await Promise.all(spans.map(({ traceId }) => store.trace(traceId)))).map(([found]) => found?.span),
        spans,
      );
      const { spans: count, calls: callCount, conflictingSpans } = await store.stats();
      deepStrictEqual({ count, callCount, conflictingSpans }, { count: 3, callCount: 3, conflictingSpans: 0 });
    },
  ),
  onStore("WRT-6 a span without an end is in its trace but in no call list", async (store) => {
    const open = withoutEnd(sampleCall(1));
    await store.write({ spans: [open] });
    await store.flush();
    deepStrictEqual(
      (await store.trace(open.traceId)).map(({ span }) => span),
      [open],
    );
    deepStrictEqual(await calls(store), []);
    const { spans, calls: callCount } = await store.stats();
    deepStrictEqual({ spans, callCount }, { spans: 1, callCount: 0 });
  }),
  {
    title: "WRT-7 the listener gets each durable span once, repeats left out",
    async run(open) {
      const heard: StoredSpan[] = [];
      const store = await open({ onAcknowledged: (told) => heard.push(...told.keys.map((_, at) => told.span(at))) });
      const call = sampleCall(1);
      await store.write({ spans: [call, sampleSpan(2)] });
      await store.write({ spans: [call] });
      await store.close();
      deepStrictEqual(
        heard.map(({ span }) => span),
        [call, sampleSpan(2)],
      );
      equal(heard[0]?.llm?.model, "gpt-4");
    },
  },
  onStore(
    "WRT-9 encoded spans come back as those they were made of, and are refused by the same rules",
    async (store) => {
      const encode = createSpanEncoder();
      const kept = [sampleCall(1, { ttftSeconds: 0.25 }), sampleSpan(2), withoutEnd(sampleSpan(3))];
      const outcome = await store.write(encode([...kept, sampleSpan(4, { flags: -1 })]));
      deepStrictEqual(outcome, { status: "partial", accepted: 3, rejected: 1, reason: "flags are not 32 bits" });
      const found = async () => (await store.traces(kept.map(({ traceId }) => traceId))).flat().map(({ span }) => span);
      deepStrictEqual(await found(), kept);
      await store.flush();
      deepStrictEqual(await found(), kept);
      deepStrictEqual(await store.write(encode([])), { status: "accepted", records: 0 });
      equal((await store.write(encode([sampleSpan(5, { flags: -1 })]))).status, "partial");
    },
  ),
  {
    title: "WRT-9 repeats of encoded spans, in one batch and of stored ones, are recognised",
    async run(open) {
      const heard: string[] = [];
      const store = await open({ onAcknowledged: (told) => heard.push(...told.keys) });
      const encode = createSpanEncoder();
      const [one, two, three] = [sampleCall(1), sampleSpan(2), sampleSpan(3)];
      await store.write(encode([one, one, withoutEnd(two)]));
      await store.write(encode([{ ...one, name: "other" }, two, three]));
      await store.flush();
      deepStrictEqual(await store.write(encode([one, two])), { status: "accepted", records: 2 });
      const { spans, duplicateSpans, conflictingSpans } = await store.stats();
      deepStrictEqual(
        { spans, duplicateSpans, conflictingSpans },
        { spans: 3, duplicateSpans: 3, conflictingSpans: 1 },
      );
      deepStrictEqual(
        (await store.trace(two.traceId)).map(({ span }) => span),
        [two],
      );
      await store.close();
      const keyOf = ({ traceId, spanId }: typeof one): string => traceId + spanId;
      deepStrictEqual(heard, [one, two, two, three].map(keyOf));
    },
  },
  onStore("WRT-8 an aborted write leaves nothing", async (store) => {
    await rejects(store.write({ spans: [sampleSpan(1)] }, AbortSignal.abort()));
    equal((await store.stats()).spans, 0);
  }),
  {
    title: "LIF-1 a closed store takes and answers nothing; closing again is harmless",
    async run(open) {
      const store = await open({});
      await store.close();
      await store.close();
      const outcome = await store.write({ spans: [sampleSpan(1)] });
      ok(outcome.status === "rejected" && outcome.error.code === "STORE_UNAVAILABLE");
      await refusesWith("STORE_UNAVAILABLE", store.calls({ range: EVERYTHING }, { limit: 1 }));
      await refusesWith("STORE_UNAVAILABLE", store.trace(traceIdOf(1)));
    },
  },
];

function nested(levels: number): AttributeValue {
  let value: AttributeValue = "end";
  for (let level = 0; level < levels; level++) value = [value];
  return value;
}

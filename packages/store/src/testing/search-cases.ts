import { deepStrictEqual } from "node:assert/strict";
import type { AttributeValue, SpanRecord } from "@nexent/monitor-core";
import type { SpanFilter, TraceStore } from "../contract.ts";
import { DAY, sampleCall, sampleSpan, SAMPLE_START, SECOND, spanIdOf, traceIdOf, withoutEnd } from "./sample-spans.ts";
import { EVERYTHING, onStore, refusesWith, type StoreCase } from "./store-case.ts";

async function found(store: TraceStore, filter: Partial<SpanFilter> = {}, limit = 100): Promise<readonly number[]> {
  await store.flush();
  const matches = await store.searchTraces({ range: EVERYTHING, ...filter }, limit);
  return matches.map(({ traceId }) => Number.parseInt(traceId.slice(1), 16));
}

function of(service: string, more: Readonly<Record<string, AttributeValue>> = {}): SpanRecord["resource"] {
  return { service, attributes: new Map<string, AttributeValue>([["service.name", service], ...Object.entries(more)]) };
}

function tagged(n: number, attributes: Readonly<Record<string, AttributeValue>>): SpanRecord {
  return sampleSpan(n, { attributes: new Map(Object.entries(attributes)) });
}

/** Rules of trace searches, span names and links between services. */
export const SEARCH_CASES: readonly StoreCase[] = [
  onStore("SRC-1 traces come by their newest matching span, newest first, ties by id, over days", async (store) => {
    const old = sampleSpan(5, { startUnixNanos: SAMPLE_START - DAY });
    const child = sampleSpan(50, { traceId: traceIdOf(5), startUnixNanos: SAMPLE_START + DAY });
    const tied = [4, 2].map((n) => sampleSpan(n, { startUnixNanos: SAMPLE_START }));
    await store.write({ spans: [...tied, old, child, sampleSpan(3), withoutEnd(sampleSpan(9))] });
    deepStrictEqual(await found(store), [5, 3, 2, 4]);
    deepStrictEqual(await found(store, {}, 2), [5, 3]);
    const range = { fromUnixNanos: SAMPLE_START - DAY, toUnixNanos: SAMPLE_START + 3n * SECOND };
    deepStrictEqual(await found(store, { range }), [2, 4, 5]);
    const [first] = await store.searchTraces({ range }, 1);
    deepStrictEqual(first, { traceId: traceIdOf(2), startUnixNanos: SAMPLE_START });
  }),
  onStore("SRC-2 every condition must be met by one span", async (store) => {
    await store.write({
      spans: [
        sampleSpan(1, { resource: of("a"), name: "GET /x", kind: "server", durationNanos: 5n }),
        sampleSpan(10, { traceId: traceIdOf(1), resource: of("b"), name: "chat", kind: "client", status: "error" }),
        sampleSpan(2, { resource: of("b"), name: "GET /x", kind: "client", durationNanos: 7n }),
      ],
    });
    deepStrictEqual(await found(store, { service: "b" }), [1, 2]);
    deepStrictEqual(await found(store, { service: "b", name: "GET /x" }), [2]);
    deepStrictEqual(await found(store, { service: "a", status: "error" }), []);
    deepStrictEqual(await found(store, { kind: "client", status: "error" }), [1]);
    deepStrictEqual(await found(store, { minDurationNanos: 5n, maxDurationNanos: 7n }), [2, 1]);
    deepStrictEqual(await found(store, { minDurationNanos: 6n, maxDurationNanos: 7n }), [2]);
    deepStrictEqual(await found(store, { maxDurationNanos: 4n }), []);
  }),
  onStore("SRC-3 attributes are found by the text of their value, on the span or its resource", async (store) => {
    await store.write({
      spans: [
        tagged(1, { k: "200", same: "x" }),
        tagged(2, { k: 200, big: 2n ** 60n }),
        tagged(3, { k: 0.5, ok: true, zero: -0, list: ["200"], bytes: Uint8Array.of(1) }),
        sampleSpan(4, { resource: of("r", { k: 200, "'; DROP TABLE spans; --": "%" }) }),
        tagged(5, { k: "\u0001i200", "键\u0000": "值\u0002😀" }),
        sampleCall(6, { attributes: { "llm.fingerprint": "fp-1" } }),
      ],
    });
    const by = (key: string, value: string) => found(store, { attributes: [{ key, value }] });
    deepStrictEqual(await by("k", "200"), [4, 2, 1]);
    deepStrictEqual(await by("k", "0.5"), [3]);
    deepStrictEqual(await by("k", "0.50"), []);
    deepStrictEqual(await by("ok", "true"), [3]);
    deepStrictEqual(await by("ok", "1"), []);
    deepStrictEqual(await by("zero", "0"), [3]);
    deepStrictEqual(await by("big", "1152921504606846976"), [2]);
    deepStrictEqual(await by("k", "\u0001i200"), [5]);
    deepStrictEqual(await by("键\u0000", "值\u0002😀"), [5]);
    deepStrictEqual(await by("'; DROP TABLE spans; --", "%"), [4]);
    deepStrictEqual(await by("llm.fingerprint", "fp-1"), [6]);
    deepStrictEqual(await by("service.name", "r"), [4]);
    deepStrictEqual(await by("list", "200"), []);
    deepStrictEqual(await by("__proto__", "x"), []);
    const both = [
      { key: "k", value: "200" },
      { key: "same", value: "x" },
    ];
    deepStrictEqual(await found(store, { attributes: both }), [1]);
  }),
  onStore(
    "SRC-7 a search among more spans than are asked at one look finds the same traces in the same order",
    async (store) => {
      const spans = Array.from({ length: 40 }, (_, n) =>
        sampleSpan(n, {
          traceId: traceIdOf(n % 15),
          startUnixNanos: SAMPLE_START - 2n * DAY + BigInt(n * n * n) * SECOND,
          resource: of(n % 2 === 0 ? "even" : "odd"),
          attributes: new Map([["third", n % 3 === 0]]),
        }),
      );
      await store.write({ spans });
      const newest = (isWanted: (n: number) => boolean): number[] => {
        const order = spans.map((_, n) => n).filter(isWanted);
        return [...new Set(order.toReversed().map((n) => n % 15))];
      };
      const third = [{ key: "third", value: "true" }];
      for (const limit of [1, 3, 100]) {
        deepStrictEqual(await found(store, {}, limit), newest(() => true).slice(0, limit));
        deepStrictEqual(await found(store, { service: "odd" }, limit), newest((n) => n % 2 === 1).slice(0, limit));
        deepStrictEqual(await found(store, { attributes: third }, limit), newest((n) => n % 3 === 0).slice(0, limit));
      }
    },
    { exactQuantileLimit: 4 },
  ),
  onStore("SRC-4 questions beyond the limits are refused", async (store) => {
    const refused = (filter: Partial<SpanFilter>, limit = 10) =>
      refusesWith("QUERY_INVALID", store.searchTraces({ range: EVERYTHING, ...filter }, limit));
    await refused({ range: { fromUnixNanos: 2n, toUnixNanos: 1n } });
    await refused({}, 0);
    await refused({}, 1_001);
    await refused({ attributes: [{ key: "", value: "x" }] });
    await refused({ attributes: Array.from({ length: 21 }, (_, n) => ({ key: `k${n}`, value: "v" })) });
    await refused({ name: "x".repeat(20_000) });
    await refused({ kind: "1 OR 1=1" as never });
  }),
  onStore("SRC-5 span names count ended spans by service, name and kind", async (store) => {
    await store.write({
      spans: [
        sampleSpan(1, { resource: of("b"), name: "z" }),
        sampleSpan(2, { resource: of("a"), name: "z", kind: "client" }),
        sampleSpan(3, { resource: of("a"), name: "z" }),
        sampleSpan(4, { resource: of("a"), name: "z", startUnixNanos: SAMPLE_START + DAY }),
        withoutEnd(sampleSpan(5, { name: "open" })),
      ],
    });
    await store.flush();
    deepStrictEqual(await store.spanNames(EVERYTHING), [
      { service: "a", name: "z", kind: "server", spans: 2 },
      { service: "a", name: "z", kind: "client", spans: 1 },
      { service: "b", name: "z", kind: "server", spans: 1 },
    ]);
    const range = { fromUnixNanos: SAMPLE_START + DAY, toUnixNanos: SAMPLE_START + 2n * DAY };
    deepStrictEqual(await store.spanNames(range), [{ service: "a", name: "z", kind: "server", spans: 1 }]);
  }),
  onStore("SRC-6 links count children of another service, over days", async (store) => {
    const traceId = traceIdOf(1);
    const at = (n: number, parent: number | undefined, service: string, startUnixNanos = SAMPLE_START) =>
      sampleSpan(n, {
        traceId,
        resource: of(service),
        startUnixNanos,
        ...(parent === undefined ? {} : { parentSpanId: spanIdOf(parent) }),
      });
    await store.write({
      spans: [
        at(1, undefined, "web"),
        at(2, 1, "web"),
        at(3, 2, "llm"),
        at(4, 2, "llm", SAMPLE_START + DAY),
        at(6, 99, "db"),
      ],
    });
    await store.flush();
    deepStrictEqual(await store.serviceLinks(EVERYTHING), [{ parent: "web", child: "llm", spans: 2 }]);
    const range = { fromUnixNanos: SAMPLE_START, toUnixNanos: SAMPLE_START + SECOND };
    deepStrictEqual(await store.serviceLinks(range), [{ parent: "web", child: "llm", spans: 1 }]);
  }),
];

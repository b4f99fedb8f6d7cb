import { deepStrictEqual, equal, ok, rejects } from "node:assert/strict";
import { LIMITS } from "@nexent/monitor-core";
import type { CallFilter, CallPage, CallRow, CallSort, TraceStore } from "../contract.ts";
import { DAY, HOUR, sampleCall, sampleSpan, SAMPLE_START, SECOND, spanIdOf, traceIdOf } from "./sample-spans.ts";
import { calls, EVERYTHING, models, onStore, refusesWith, type StoreCase } from "./store-case.ts";

/** Rules of traces, call lists, filters and pages. */
export const READ_CASES: readonly StoreCase[] = [
  onStore("TRC-1 a trace comes by start, ties by span id, over days, indexed or not", async (store) => {
    const traceId = traceIdOf(5);
    const at = (n: number, startUnixNanos: bigint) => sampleSpan(n, { traceId, startUnixNanos });
    const spans = [at(3, SAMPLE_START), at(2, SAMPLE_START), at(4, SAMPLE_START + DAY), at(8, SAMPLE_START - DAY)];
    await store.write({ spans: spans.slice(0, 2) });
    await store.flush();
    await store.write({ spans: spans.slice(2) });
    const expected = [spans[3], spans[1], spans[0], spans[2]].map((span) => ({ span }));
    deepStrictEqual(await store.trace(traceId), expected);
    await store.flush();
    deepStrictEqual(await store.trace(traceId), expected);
    deepStrictEqual(await store.trace(traceId, { hintUnixNanos: SAMPLE_START - DAY }), expected);
  }),
  onStore("TRC-2 an unknown or impossible trace id gives nothing", async (store) => {
    await store.write({ spans: [sampleSpan(1)] });
    deepStrictEqual(await store.trace(traceIdOf(2)), []);
    deepStrictEqual(await store.trace("' OR 1=1 --"), []);
  }),
  onStore("TRC-3 several traces come whole, in the order asked, indexed or not", async (store) => {
    const traceId = traceIdOf(5);
    const [first, second] = [
      sampleSpan(5, { traceId, startUnixNanos: SAMPLE_START + DAY }),
      sampleSpan(6, { traceId }),
    ];
    const [other, recent] = [sampleCall(2), sampleSpan(3)];
    await store.write({ spans: [first, second, other] });
    await store.flush();
    await store.write({ spans: [recent] });
    const found = await store.traces([traceIdOf(3), "nonsense", traceIdOf(8), traceId, traceIdOf(2)]);
    deepStrictEqual(
      found.map((trace) => trace.map(({ span }) => span)),
      [[recent], [second, first], [other]],
    );
    deepStrictEqual(await store.traces([]), []);
    await refusesWith("QUERY_INVALID", store.traces(Array.from({ length: 1_001 }, (_, n) => traceIdOf(n))));
  }),
  onStore("CAL-1 calls are finished LLM calls, newest first, ties by trace and span id", async (store) => {
    const tied = [3, 1, 2].map((n) => sampleCall(n, { startUnixNanos: SAMPLE_START }));
    await store.write({ spans: [...tied, sampleSpan(7), sampleCall(9)] });
    const ids = (await calls(store)).map(({ traceId }) => traceId);
    deepStrictEqual(ids, [traceIdOf(9), traceIdOf(2), traceIdOf(1), traceIdOf(3)]);
  }),
  onStore("CAL-2 the range is half-open", async (store) => {
    await store.write({ spans: [sampleCall(1), sampleCall(2), sampleCall(3)] });
    const range = { fromUnixNanos: SAMPLE_START + SECOND, toUnixNanos: SAMPLE_START + 3n * SECOND };
    deepStrictEqual(
      (await calls(store, { range })).map(({ spanId }) => spanId),
      [spanIdOf(2), spanIdOf(1)],
    );
  }),
  onStore("CAL-3 list filters join by AND, their values by OR, and an absent value never matches", async (store) => {
    await store.write({
      spans: [
        sampleCall(1, { model: "a", outcome: "ok", service: "s1" }),
        sampleCall(2, { model: "b", outcome: "error", service: "s1", errorType: "timeout" }),
        sampleCall(3, {
          model: "c",
          outcome: "error",
          service: "s2",
          errorType: "quota",
          operation: "embeddings",
          provider: "cohere",
        }),
      ],
    });
    deepStrictEqual(await models(store, { models: ["a", "c", "zzz"] }), ["a", "c"]);
    deepStrictEqual(await models(store, { outcomes: ["error"], services: ["s1"] }), ["b"]);
    deepStrictEqual(await models(store, { operations: ["embeddings"], providers: ["cohere", "openai"] }), ["c"]);
    deepStrictEqual(await models(store, { models: [], services: [] }), ["a", "b", "c"]);
  }),
  onStore("CAL-4 text finds part of model, operation, error type and ids, in either case", async (store) => {
    await store.write({
      spans: [
        sampleCall(1, { model: "GPT-4o" }),
        sampleCall(2, { model: "b", errorType: "rate_limited", outcome: "error" }),
        sampleCall(0xabc, { model: "c" }),
      ],
    });
    deepStrictEqual(await models(store, { text: "gpt" }), ["GPT-4o"]);
    deepStrictEqual(await models(store, { text: "RATE_l" }), ["b"]);
    deepStrictEqual(await models(store, { text: "CHA" }), ["GPT-4o", "b", "c"]);
    deepStrictEqual(await models(store, { text: traceIdOf(0xabc).slice(20) }), ["c"]);
    deepStrictEqual(await models(store, { text: spanIdOf(0xabc).toUpperCase() }), ["c"]);
    deepStrictEqual(await models(store, { text: "%" }), []);
    deepStrictEqual(await models(store, { text: "-" }), ["GPT-4o"]);
    deepStrictEqual(await models(store, { text: "shop" }), []);
  }),
  onStore("CAL-5 number conditions are inclusive, and a call without the value never matches", async (store) => {
    await store.write({
      spans: [
        sampleCall(1, { model: "a", ttftSeconds: 0.5 }),
        sampleCall(2, { model: "b", ttftSeconds: 1.5 }),
        sampleCall(3, { model: "c" }),
      ],
    });
    deepStrictEqual(await models(store, { number: [{ column: "ttftSeconds", min: 0.5, max: 1 }] }), ["a"]);
    deepStrictEqual(await models(store, { number: [{ column: "ttftSeconds", max: 1.5 }] }), ["a", "b"]);
    deepStrictEqual(
      await models(store, {
        number: [
          { column: "ttftSeconds", min: -1 },
          { column: "durationSeconds", max: 2 },
        ],
      }),
      ["a", "b"],
    );
    deepStrictEqual(await models(store, { number: [{ column: "durationSeconds", min: 2.0000001 }] }), []);
  }),
  onStore("CAL-6 shown counts what matches, total all calls of the range", async (store) => {
    await store.write({ spans: [sampleCall(1, { model: "a" }), sampleCall(2, { model: "b" }), sampleSpan(3)] });
    await store.flush();
    const { shown, total, rows, next } = await store.calls({ range: EVERYTHING, models: ["a"] }, { limit: 10 });
    deepStrictEqual({ shown, total, rows: rows.length, next }, { shown: 1, total: 2, rows: 1, next: undefined });
  }),
  onStore("CAL-7 pages of any size join to the whole list, for every sort, absent values last", async (store) => {
    const spans = Array.from({ length: 25 }, (_, n) =>
      sampleCall(n, {
        startUnixNanos: SAMPLE_START + BigInt(n % 4) * HOUR * 10n,
        ...(n % 3 === 0 ? {} : { ttftSeconds: (n % 5) / 10, outputTokens: n % 2 }),
      }),
    );
    await store.write({ spans });
    await store.flush();
    for (const column of ["start", "ttftSeconds", "outputTokens", "durationSeconds"] as const) {
      for (const descending of [true, false]) {
        const sort = { column, descending };
        const whole = await calls(store, {}, { sort });
        equal(whole.length, 25);
        deepStrictEqual(await pagesOf(store, { limit: 4, sort }), whole);
        if (column === "ttftSeconds")
          deepStrictEqual(
            whole.slice(-9).map(({ llm }) => llm.ttftSeconds),
            Array(9).fill(undefined),
          );
      }
    }
  }),
  onStore(
    "CAL-9 lists of more calls than are asked at one look have the same pages, counts and order",
    async (store) => {
      const spans = Array.from({ length: 40 }, (_, n) =>
        sampleCall(n, {
          startUnixNanos: SAMPLE_START - DAY + BigInt(n * n) * 90n * SECOND,
          durationNanos: BigInt((n * 7) % 5) * 333_333_333n,
          model: `m${n % 3}`,
          ...(n % 4 === 0 ? {} : { ttftSeconds: (n % 6) / 10, outputTokens: n % 2 }),
        }),
      );
      await store.write({ spans: [...spans, sampleSpan(99)] });
      await store.flush();
      for (const column of ["start", "ttftSeconds", "outputTokens", "durationSeconds"] as const) {
        for (const descending of [true, false]) {
          for (const filter of descending ? [{}, { outcomes: ["error"] }] : [{ models: ["m1"] }, { text: "M2" }]) {
            const sort = { column, descending };
            const order = [...(await calls(store, filter))].sort(byColumn(sort));
            deepStrictEqual(await calls(store, filter, { sort }), order);
            deepStrictEqual(await pagesOf(store, { limit: 7, sort }, filter), order);
            const { shown, total } = await store.calls({ range: EVERYTHING, ...filter }, { limit: 1, sort });
            deepStrictEqual([shown, total], [order.length, 40]);
          }
        }
      }
    },
    { exactQuantileLimit: 4 },
  ),
  onStore("CAL-8 a cursor of another sort, a broken one and a wrong limit are refused", async (store) => {
    await store.write({ spans: [sampleCall(1), sampleCall(2)] });
    await store.flush();
    const filter = { range: EVERYTHING };
    const { next } = await store.calls(filter, { limit: 1 });
    ok(next !== undefined);
    await refusesWith(
      "QUERY_INVALID",
      store.calls(filter, { limit: 1, cursor: next, sort: { column: "ttftSeconds", descending: true } }),
    );
    await refusesWith("QUERY_INVALID", store.calls(filter, { limit: 1, cursor: "nonsense" }));
    await refusesWith("QUERY_INVALID", store.calls(filter, { limit: 0 }));
    await refusesWith("QUERY_INVALID", store.calls(filter, { limit: LIMITS.pageRows + 1 }));
    await refusesWith("QUERY_INVALID", store.calls({ range: { fromUnixNanos: 2n, toUnixNanos: 1n } }, { limit: 1 }));
    await refusesWith(
      "QUERY_INVALID",
      store.calls({ ...filter, number: [{ column: "1; DROP TABLE spans" as never }] }, { limit: 1 }),
    );
  }),
  onStore("QRY-1 an aborted query throws the reason of its signal", async (store) => {
    await rejects(store.calls({ range: EVERYTHING }, { limit: 1 }, AbortSignal.abort(new Error("gone"))), /gone/);
    await rejects(store.facets(EVERYTHING, AbortSignal.abort(new Error("gone"))), /gone/);
  }),
];

/** Of a list that is newest first: sorting keeps the order of ties. */
function byColumn({ column, descending }: CallSort): (a: CallRow, b: CallRow) => number {
  const value = (call: CallRow): number | undefined => {
    if (column === "start") return Number(call.startUnixNanos - SAMPLE_START);
    return column === "durationSeconds" ? call.durationSeconds : call.llm[column];
  };
  return (one, other) => {
    const [a, b] = [value(one), value(other)];
    if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
    return descending ? b - a : a - b;
  };
}

async function pagesOf(
  store: TraceStore,
  page: CallPage,
  filter: Partial<CallFilter> = {},
): Promise<readonly CallRow[]> {
  const rows: CallRow[] = [];
  let cursor: string | undefined;
  do {
    const list = await store.calls({ range: EVERYTHING, ...filter }, cursor === undefined ? page : { ...page, cursor });
    rows.push(...list.rows);
    cursor = list.next;
  } while (cursor !== undefined);
  return rows;
}

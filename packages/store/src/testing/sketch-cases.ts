import { deepStrictEqual, equal, ok } from "node:assert/strict";
import type { AggregateRow, AggregateSpec, CallFilter, TraceStore } from "../contract.ts";
import { DAY, HOUR, sampleCall, SAMPLE_START, SECOND } from "./sample-spans.ts";
import { EVERYTHING, onStore, type StoreCase } from "./store-case.ts";

const CALLS = 60;
const LIMIT = { exactQuantileLimit: CALLS - 1 };
const SPEC: AggregateSpec = {
  filter: { range: EVERYTHING },
  groupBy: [],
  columns: ["ttftSeconds", "outputTokens"],
  quantiles: [0.1, 0.5, 0.95],
};

/** Calls over two and a half days, a few minutes apart at first; every seventh has no time to first token. */
function manyCalls() {
  return Array.from({ length: CALLS }, (_, n) =>
    sampleCall(n, {
      startUnixNanos: SAMPLE_START + (BigInt(n * n) * 60n + BigInt(n)) * SECOND,
      model: `m${n % 3}`,
      outcome: n % 5 === 0 ? "error" : "ok",
      ...(n % 7 === 0 ? {} : { ttftSeconds: n === 1 ? 0 : n / 10 }),
      outputTokens: n * 1_000,
      durationNanos: BigInt(n) * SECOND,
    }),
  );
}

async function ask(store: TraceStore, spec: Partial<AggregateSpec> = {}): Promise<readonly AggregateRow[]> {
  await store.flush();
  return await store.aggregate({ ...SPEC, ...spec });
}

function exactnessOf(rows: readonly AggregateRow[]): readonly string[] {
  return [...new Set(rows.flatMap(({ columns }) => Object.values(columns).map(({ exactness }) => exactness)))];
}

async function withCalls(store: TraceStore): Promise<void> {
  await store.write({ spans: manyCalls() });
}

/** Everything but the quantiles and what is said of them. */
function countsOf(rows: readonly AggregateRow[]): unknown {
  return rows.map(({ columns, ...rest }) => ({
    ...rest,
    columns: Object.entries(columns).map(([name, { count, sum }]) => [name, count, sum]),
  }));
}

/** Quantiles of more calls than the limit of exact ones. */
export const SKETCH_CASES: readonly StoreCase[] = [
  onStore(
    "AGG-6 quantiles of more matching calls than exactQuantileLimit are sketches within their bound; counts and sums stay exact",
    async (store) => {
      await withCalls(store);
      const [sketch] = await ask(store);
      const exact = [await ask(store, { filter: { range: EVERYTHING, text: "m" } })].flat()[0];
      deepStrictEqual(countsOf([sketch].flatMap((row) => row ?? [])), countsOf([exact].flatMap((row) => row ?? [])));
      for (const column of ["ttftSeconds", "outputTokens"] as const) {
        const [rough, right] = [sketch?.columns[column], exact?.columns[column]];
        equal(rough?.exactness, "sketch");
        equal(right?.exactness, "exact");
        equal(right.relativeError, undefined);
        const bound = rough.relativeError ?? 0;
        ok(bound > 0 && bound <= 0.02);
        for (const [at, value] of right.quantiles.entries())
          ok(Math.abs((rough.quantiles[at] ?? Number.NaN) - value) <= value * bound, `${column} ${value}`);
      }
    },
    LIMIT,
  ),
  onStore(
    "AGG-7 up to the limit quantiles are exact, and beyond it where rollups do not know the answer",
    async (store) => {
      await withCalls(store);
      const filters: readonly Partial<CallFilter>[] = [
        { models: ["m0", "m1"] },
        { services: ["shop"] },
        { text: "gpt" },
        { number: [{ column: "outputTokens", min: 0 }] },
        { range: { fromUnixNanos: 0n, toUnixNanos: SAMPLE_START + 2n * DAY } },
      ];
      for (const filter of filters)
        ok(!exactnessOf(await ask(store, { filter: { range: EVERYTHING, ...filter } })).includes("sketch"));
      for (const other of [{ groupBy: ["service" as const] }, { columns: ["gapP95Seconds" as const] }])
        deepStrictEqual(exactnessOf(await ask(store, other)), ["exact"]);
      const range = { fromUnixNanos: SAMPLE_START, toUnixNanos: SAMPLE_START + 3n * DAY };
      deepStrictEqual(exactnessOf(await ask(store, { filter: { range }, bucketNanos: 90n * SECOND * 3n })), ["exact"]);
      deepStrictEqual(exactnessOf(await ask(store, { filter: { range }, bucketNanos: HOUR })), ["sketch"]);
      deepStrictEqual(exactnessOf(await ask(store, { quantiles: [] })), ["exact"]);
    },
    LIMIT,
  ),
  onStore(
    "AGG-8 sketches count every call of a range once, wherever it begins and ends, in every bucket and group",
    async (store) => {
      await withCalls(store);
      const end = SAMPLE_START + BigInt(CALLS * CALLS * 60) * SECOND;
      for (const [from, to] of [
        [SAMPLE_START, end],
        [SAMPLE_START + 1n, end - 1n],
        [SAMPLE_START + HOUR + 7n * SECOND, SAMPLE_START + DAY + 11n * SECOND],
        [SAMPLE_START + 3n * SECOND, SAMPLE_START + 100n * SECOND],
      ] as const) {
        const range = { fromUnixNanos: from, toUnixNanos: to };
        for (const bucketNanos of [60n * SECOND, 900n * SECOND, 6n * HOUR]) {
          const spec = { bucketNanos, groupBy: ["model", "outcome"] as const };
          const rows = await ask(store, { ...spec, filter: { range } });
          const exact = await ask(store, { ...spec, filter: { range, services: ["shop"] } });
          deepStrictEqual(countsOf(rows), countsOf(exact));
        }
      }
    },
    { exactQuantileLimit: 1 },
  ),
];

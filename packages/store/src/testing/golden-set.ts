/**
 * 10,000 spans of which every answer follows by arithmetic: 5,000 LLM calls, one every 30 s over two days, between as
 * many other spans. The answers below were worked out by hand, not by a store.
 */
import type { SpanRecord } from "@nexent/monitor-core";
import type { TimeRange, TraceStore } from "../contract.ts";
import { HOUR, sampleCall, sampleSpan, SAMPLE_START, SECOND, spanIdOf, traceIdOf } from "./sample-spans.ts";

const CALLS = 5_000;
const FIRST_START = SAMPLE_START - 48n * HOUR;
const RANGE: TimeRange = { fromUnixNanos: FIRST_START, toUnixNanos: FIRST_START + 48n * HOUR };

/** Call number `n`: time to first token runs through 0.001..1.000 s, every 1,000 calls anew. */
function goldenCall(n: number): SpanRecord {
  const isError = n % 10 === 0;
  return sampleCall(n, {
    startUnixNanos: FIRST_START + BigInt(n) * 30n * SECOND,
    model: `m${n % 4}`,
    service: `s${n % 3}`,
    outcome: isError ? "error" : n % 10 === 1 ? "cancelled" : "ok",
    ...(isError ? { errorType: "timeout" } : {}),
    ttftSeconds: ((n % 1_000) + 1) / 1_000,
    outputTokens: n % 100,
  });
}

/** The spans, in an order that is neither that of their starts nor that of their ids. */
export function goldenSpans(): readonly SpanRecord[] {
  const spans: SpanRecord[] = [];
  for (let n = 0; n < CALLS; n++) {
    spans.push(goldenCall(n), sampleSpan(CALLS + n, { startUnixNanos: FIRST_START + BigInt(n) * 30n * SECOND }));
  }
  // 7,919 is prime and no divisor of 10,000, so every index comes once.
  return spans.map((_, at) => spans[(at * 7_919) % spans.length]).filter((span) => span !== undefined);
}

/** A question with its answer, both plain values. */
export interface GoldenAnswer {
  readonly name: string;
  ask(store: TraceStore): Promise<unknown>;
  readonly answer: unknown;
}

function round(value: number): number {
  return Math.round(value * 1e9) / 1e9;
}

const FILTER = { range: RANGE };
const NOTHING = { filter: FILTER, groupBy: [], columns: [], quantiles: [] } as const;

/** What the golden set answers. */
export const GOLDEN_ANSWERS: readonly GoldenAnswer[] = [
  {
    name: "outcomes of all calls",
    ask: async (store) => (await store.aggregate(NOTHING)).map(({ calls, outcomes }) => [calls, outcomes]),
    answer: [[5_000, { ok: 4_000, error: 500, cancelled: 500, abandoned: 0, unknown: 0 }]],
  },
  {
    name: "sums and quantiles",
    async ask(store) {
      const rows = await store.aggregate({
        ...NOTHING,
        columns: ["ttftSeconds", "outputTokens"],
        quantiles: [0.5, 0.95],
      });
      const { ttftSeconds, outputTokens } = rows[0]?.columns ?? {};
      return [
        ttftSeconds?.sum,
        ttftSeconds?.quantiles.map(round),
        outputTokens?.sum,
        outputTokens?.quantiles.map(round),
      ];
    },
    // Five of each of 0.001..1.000: ranks 2499.5 (between 0.500 and 0.501) and 4749.05 (between 0.950 and 0.951).
    // Fifty of each of 0..99: ranks 2499.5 (between 49 and 50) and 4749.05 (94 on both sides).
    answer: [2_502.5, [0.5005, 0.95005], 247_500, [49.5, 94.05]],
  },
  {
    name: "calls per model",
    ask: async (store) =>
      (await store.aggregate({ ...NOTHING, groupBy: ["model"] })).map(({ group, calls }) => [group.model, calls]),
    answer: [
      ["m0", 1_250],
      ["m1", 1_250],
      ["m2", 1_250],
      ["m3", 1_250],
    ],
  },
  {
    name: "calls per hour: 120 in each but the last",
    ask: async (store) =>
      (await store.aggregate({ ...NOTHING, bucketNanos: HOUR })).map(({ bucketUnixNanos, calls }) => [
        bucketUnixNanos,
        calls,
      ]),
    answer: Array.from({ length: 42 }, (_, hour) => [FIRST_START + BigInt(hour) * HOUR, hour === 41 ? 80 : 120]),
  },
  {
    name: "slow calls of one model",
    async ask(store) {
      const { shown, total } = await store.calls(
        { ...FILTER, models: ["m1"], number: [{ column: "ttftSeconds", min: 0.9 }] },
        { limit: 1 },
      );
      return [shown, total];
    },
    // 901, 905, ... 997 of every thousand.
    answer: [125, 5_000],
  },
  {
    name: "the three slowest, newest first",
    async ask(store) {
      const { rows } = await store.calls(FILTER, { limit: 3, sort: { column: "ttftSeconds", descending: true } });
      return rows.map(({ traceId, llm }) => [traceId, llm.ttftSeconds]);
    },
    answer: [4_999, 3_999, 2_999].map((n) => [traceIdOf(n), 1]),
  },
  {
    name: "facets",
    async ask(store) {
      const { services, operations } = await store.facets(RANGE);
      return [services, operations];
    },
    answer: [
      [
        { value: "s0", calls: 1_667 },
        { value: "s1", calls: 1_667 },
        { value: "s2", calls: 1_666 },
      ],
      [{ value: "chat", calls: 5_000 }],
    ],
  },
  {
    name: "one trace",
    ask: async (store) => (await store.trace(traceIdOf(1_234))).map(({ span, llm }) => [span.spanId, llm?.model]),
    answer: [[spanIdOf(1_234), "m2"]],
  },
  {
    name: "what is stored",
    async ask(store) {
      const { spans, calls, oldestUnixNanos, newestCallUnixNanos, duplicateSpans } = await store.stats();
      return { spans, calls, oldestUnixNanos, newestCallUnixNanos, duplicateSpans };
    },
    answer: {
      spans: 10_000,
      calls: 5_000,
      oldestUnixNanos: FIRST_START,
      newestCallUnixNanos: FIRST_START + 4_999n * 30n * SECOND,
      duplicateSpans: 0,
    },
  },
];

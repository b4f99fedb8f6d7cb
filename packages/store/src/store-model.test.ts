import { deepStrictEqual } from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SpanRecord } from "@nexent/monitor-core";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, it } from "vitest";
import type { AggregateSpec, CallFilter, NumberColumn, PurgeSelector, SpanFilter, TraceStore } from "./contract.ts";
import { GROUP_KEYS, NUMBER_COLUMNS } from "./contract.ts";
import { openEmbeddedStore } from "./embedded.ts";
import { createMemoryStore } from "./memory/memory-store.ts";
import {
  DAY,
  HOUR,
  sampleCall,
  sampleSpan,
  SAMPLE_START,
  SECOND,
  spanIdOf,
  traceIdOf,
  withoutEnd,
} from "./testing/sample-spans.ts";

let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "nexent-model-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

// Few values, so that repeats, conflicts and ties are common.
const word = fc.constantFrom("a", "A", "é😀", "z-1", "", "'; DROP TABLE spans; --", "%", "\u0000", "__proto__");
const number = fc.constantFrom(0, 0.1, 0.25, 1, 3.5, 1e6);
const start = fc.constantFrom(0n, SECOND, HOUR, DAY, -DAY, 1n).map((offset) => SAMPLE_START + offset);
const call = fc
  .record(
    {
      n: fc.nat(9),
      model: word,
      service: word,
      operation: word,
      provider: word,
      outcome: fc.constantFrom("ok", "error", "cancelled", "abandoned"),
      errorType: fc.constantFrom("timeout", "quota"),
      ttftSeconds: number,
      outputTokens: fc.nat(3),
      startUnixNanos: start,
      durationNanos: fc.constantFrom(0n, SECOND, 3n * SECOND),
    },
    { requiredKeys: ["n", "startUnixNanos"], noNullPrototype: true },
  )
  .map(({ n, ...fields }) => sampleCall(n, fields as object));
const span: fc.Arbitrary<SpanRecord> = fc.oneof(
  call,
  call.map(withoutEnd),
  call.map((record) => ({ ...record, spanId: spanIdOf(77) })),
  fc.tuple(fc.nat(9), start, word).map(([n, startUnixNanos, name]) => sampleSpan(n, { startUnixNanos, name })),
  fc.constant(sampleSpan(1, { traceId: "bad" })),
);
const column = fc.constantFrom(...NUMBER_COLUMNS);
const narrowFilter: fc.Arbitrary<CallFilter> = fc.record(
  {
    range: fc.constantFrom(
      { fromUnixNanos: 0n, toUnixNanos: 2n ** 64n },
      { fromUnixNanos: SAMPLE_START, toUnixNanos: SAMPLE_START + HOUR },
      { fromUnixNanos: SAMPLE_START - DAY, toUnixNanos: SAMPLE_START + SECOND },
    ),
    models: fc.array(word, { maxLength: 2 }),
    services: fc.array(word, { maxLength: 2 }),
    outcomes: fc.array(fc.constantFrom("ok", "error"), { maxLength: 2 }),
    text: fc.oneof(word, fc.constantFrom("F0", "chat", "TIME")),
    number: fc.array(fc.record({ column, min: number }, { noNullPrototype: true }), { maxLength: 2 }),
  },
  { requiredKeys: ["range"], noNullPrototype: true },
);
// Most narrow filters match nothing, which proves little about the order of what they match.
const filter = fc.oneof(narrowFilter, fc.constant({ range: { fromUnixNanos: 0n, toUnixNanos: 2n ** 64n } }));
const sortColumn = fc.constantFrom<NumberColumn | "start">(
  "start",
  "ttftSeconds",
  "outputTokens",
  "durationSeconds",
  "gapP95Seconds",
);
const aggregate: fc.Arbitrary<AggregateSpec> = fc.record(
  {
    filter,
    groupBy: fc.uniqueArray(fc.constantFrom(...GROUP_KEYS), { maxLength: 2 }),
    columns: fc.uniqueArray(column, { maxLength: 2 }),
    quantiles: fc.constantFrom<number[]>([], [0.5], [0.01, 0.99]),
  },
  { requiredKeys: ["filter", "groupBy", "columns", "quantiles"], noNullPrototype: true },
);
const search: fc.Arbitrary<SpanFilter> = fc.record(
  {
    range: fc.constantFrom(
      { fromUnixNanos: 0n, toUnixNanos: 2n ** 64n },
      { fromUnixNanos: SAMPLE_START, toUnixNanos: SAMPLE_START + HOUR },
    ),
    service: word,
    name: fc.oneof(word, fc.constant("chat gpt-4")),
    kind: fc.constantFrom("server", "client"),
    status: fc.constantFrom("unset", "error"),
    minDurationNanos: fc.constantFrom(0n, SECOND, 3n * SECOND),
    attributes: fc.array(
      fc.record(
        { key: fc.constantFrom("gen_ai.request.model", "llm.outcome", "service.name", "x"), value: word },
        { noNullPrototype: true },
      ),
      { maxLength: 1 },
    ),
  },
  { requiredKeys: ["range"], noNullPrototype: true },
);
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ write: fc.array(span, { maxLength: 6 }) }, { noNullPrototype: true }) },
  {
    weight: 4,
    arbitrary: fc.record(
      {
        list: filter,
        sort: sortColumn,
        descending: fc.boolean(),
        limit: fc.integer({ min: 1, max: 3 }),
      },
      { noNullPrototype: true },
    ),
  },
  { weight: 2, arbitrary: fc.record({ search, limit: fc.integer({ min: 1, max: 4 }) }, { noNullPrototype: true }) },
  { weight: 1, arbitrary: fc.record({ ranks: filter, ttftSeconds: number }, { noNullPrototype: true }) },
  { weight: 2, arbitrary: fc.record({ aggregate }, { noNullPrototype: true }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      { do: "traces" as const },
      { do: "restart" as const },
      { do: "facets" as const },
      { do: "names" as const },
      { do: "links" as const },
      { do: "stats" as const },
      { do: "retain" as const },
      { purge: { service: "A" } },
      { purge: { model: "" } },
      { purge: { traceId: traceIdOf(3) } },
      { purge: { range: { fromUnixNanos: SAMPLE_START - DAY, toUnixNanos: SAMPLE_START + SECOND } } },
    ),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** What a store answers to a step; both stores must answer the same. */
async function answerTo(store: TraceStore, one: Step): Promise<unknown> {
  if ("purge" in one) return await purged(store, one.purge);
  if ("write" in one) return await store.write({ spans: one.write });
  await store.flush();
  if ("search" in one) return await store.searchTraces(one.search, one.limit);
  if ("ranks" in one) return await store.ranks(one.ranks, { ttftSeconds: one.ttftSeconds, durationSeconds: 1 });
  if ("aggregate" in one) return await store.aggregate(one.aggregate);
  if ("list" in one) return await pages(store, one.list, one);
  if (one.do === "traces") return await Promise.all(Array.from({ length: 10 }, (_, n) => store.trace(traceIdOf(n))));
  if (one.do === "retain") {
    const { days, spans, held } = await store.retain({ maxAgeDays: 0.5 });
    return { days, spans, held };
  }
  const ever = { fromUnixNanos: 0n, toUnixNanos: 2n ** 63n };
  if (one.do === "facets") return await store.facets(ever);
  if (one.do === "names") return await store.spanNames(ever);
  if (one.do === "links") return await store.serviceLinks(ever);
  const { spans, calls, oldestUnixNanos, newestCallUnixNanos, days } = await store.stats();
  return { spans, calls, oldestUnixNanos, newestCallUnixNanos, days };
}

async function purged(store: TraceStore, selector: PurgeSelector) {
  const { planId, spans, traces, days } = await store.previewPurge(selector);
  return { spans, traces, days, removed: (await store.purge(planId)).spans };
}

async function pages(
  store: TraceStore,
  wanted: CallFilter,
  { sort, descending, limit }: { sort: NumberColumn | "start"; descending: boolean; limit: number },
) {
  const lists = [];
  let cursor: string | undefined;
  do {
    const list = await store.calls(wanted, {
      limit,
      sort: { column: sort, descending },
      ...(cursor === undefined ? {} : { cursor }),
    });
    lists.push(list);
    cursor = list.next;
  } while (cursor !== undefined);
  return lists;
}

/** Half a day after the sample day has begun, so that the days before it are old enough to go. */
const now = (): number => Number((SAMPLE_START + 3n * HOUR) / 1_000_000n);

/** So low that some answers are sketches. */
const exactQuantileLimit = 2;

describe("embedded store beside the memory store", () => {
  it("MOD-1 answers the same after any series of writes, repeats, queries, purges, retentions and restarts", async () => {
    let runs = 0;
    // A run that is under way when the time is over goes on; its folder must outlive it, and its failure counts.
    let lastRun = Promise.resolve();
    await fc.assert(
      fc.asyncProperty(
        fc.array(call, { minLength: 4, maxLength: 12 }),
        fc.array(step, { minLength: 3, maxLength: 14 }),
        (first, steps) => (lastRun = runOnce(first, steps)),
      ),
      { numRuns: 30, interruptAfterTimeLimit: 8_000 },
    );
    await lastRun;

    async function runOnce(first: SpanRecord[], steps: Step[]): Promise<void> {
      const dataDir = join(folder, String(runs++));
      const open = () => openEmbeddedStore({ dataDir, indexFlushMs: 1, diskReserveBytes: 0, now, exactQuantileLimit });
      const memory = createMemoryStore({ now, exactQuantileLimit });
      let embedded = await open();
      try {
        for (const one of [{ write: first }, ...steps]) {
          if ("do" in one && one.do === "restart") {
            await embedded.close();
            embedded = await open();
          } else deepStrictEqual(normal(await answerTo(embedded, one)), normal(await answerTo(memory, one)));
        }
      } finally {
        await embedded.close();
        await rm(dataDir, { recursive: true });
      }
    }
  });
});

/** Interpolated quantiles may differ in the last bit. */
function normal(value: unknown): unknown {
  if (typeof value === "number") return Number(value.toPrecision(12));
  if (Array.isArray(value)) return value.map(normal);
  if (value instanceof Map || value === null || typeof value !== "object" || value instanceof Uint8Array) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, normal(item)]));
}

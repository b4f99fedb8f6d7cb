import { deepStrictEqual } from "node:assert/strict";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeColumnBatch, encodeColumnBatch, type AttributeValue, type SpanRecord } from "@nexent/monitor-core";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { nodeIoPort } from "../io-port.ts";
import { DAY, HOUR, sampleCall, sampleSpan, SAMPLE_START, spanIdOf, traceIdOf } from "../testing/sample-spans.ts";
import { openFileOf } from "./index-files.ts";
import { openDuckdbIndex, type DuckdbIndex, type DuckdbIndexOptions } from "./duckdb-index.ts";

const EVERYTHING = { fromUnixNanos: 0n, toUnixNanos: 2n ** 63n - 1n };
let root = "";
let index: DuckdbIndex;

function open(options: Partial<DuckdbIndexOptions> = {}): Promise<DuckdbIndex> {
  return openDuckdbIndex({
    directory: join(root, "index"),
    quarantine: join(root, "quarantine"),
    io: nodeIoPort,
    onQuarantine: (file, cause) => {
      throw new Error(`${file} was set aside`, { cause });
    },
    ...options,
  });
}

function batchOf(position: number, spans: readonly SpanRecord[]) {
  return {
    position: BigInt(position),
    batch: decodeColumnBatch(
      encodeColumnBatch(
        spans.map((span) => ({ span, llm: { model: "m" } })),
        0,
      ),
    ),
  };
}

/** Only spans that are named as calls are some. */
function mixedBatchOf(position: number, spans: readonly SpanRecord[]) {
  const stored = spans.map((span) => (span.name.startsWith("chat") ? { span, llm: { model: "m" } } : { span }));
  return { position: BigInt(position), batch: decodeColumnBatch(encodeColumnBatch(stored, 0)) };
}

async function total(): Promise<number> {
  return (await index.calls({ range: EVERYTHING }, { limit: 1 })).total;
}

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "nexent-index-"));
  await mkdir(join(root, "index"));
  await mkdir(join(root, "quarantine"));
  index = await open();
});
afterEach(async () => {
  await index.close();
  await rm(root, { recursive: true });
});

const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 8 }),
  fc.string({
    unit: fc.constantFrom("\u0000", "\u0001", "\u0002", "\ud800", "'", '"', "{", "}", "=", ",", "\\", "😀"),
    maxLength: 5,
  }),
);
const value: fc.Arbitrary<AttributeValue> = fc.oneof(
  text,
  fc.double(),
  fc.integer(),
  fc.boolean(),
  fc.bigInt(2n ** 53n, 2n ** 63n),
  fc.uint8Array({ maxLength: 4 }),
  fc.array(text, { maxLength: 2 }),
);
const attributes = fc.array(fc.tuple(text, value), { maxLength: 5 }).map((entries) => new Map(entries));

describe("DuckDB index", () => {
  it("DDB-2 gives back any attributes, ids and times exactly", async () => {
    const ids = fc.uint8Array({ minLength: 24, maxLength: 24 }).map((bytes) => Buffer.from(bytes).toString("hex"));
    const spans = fc
      .sample(fc.tuple(ids, attributes, attributes, fc.bigInt(0n, 2n ** 63n - 1n)), { numRuns: 300, seed: 11 })
      .map(([id, own, resource, durationNanos], n) =>
        sampleSpan(n, {
          traceId: id.slice(0, 32),
          spanId: id.slice(32),
          attributes: own,
          durationNanos,
          resource: { service: "s", attributes: resource },
          startUnixNanos: SAMPLE_START + BigInt(n % 3),
        }),
      );
    await index.write([batchOf(1, spans)]);
    for (const span of spans) {
      const [found] = await index.trace(span.traceId);
      deepStrictEqual(found?.span, span);
      deepStrictEqual([...found.span.attributes.keys()], [...span.attributes.keys()]);
    }
  });

  it("DDB-3 writes a batch once per file, also when it comes again after a restart", async () => {
    const batches = [
      batchOf(3, [sampleCall(1)]),
      batchOf(5, [sampleCall(2), sampleCall(3, { startUnixNanos: SAMPLE_START + DAY })]),
    ];
    await index.write(batches);
    await index.write(batches);
    expect(await total()).toBe(3);
    await index.close();
    index = await open();
    await index.write([...batches, batchOf(6, [sampleCall(4)])]);
    expect(await total()).toBe(4);
    expect([...index.summaries.values()].map(({ applied, spans }) => [applied, spans])).toStrictEqual([
      [6n, 3],
      [5n, 1],
    ]);
  });

  it("DDB-4 shows a batch of two days as a whole or not at all", async () => {
    const pair = (n: number) => [sampleCall(n), sampleCall(n + 1_000, { startUnixNanos: SAMPLE_START + DAY })];
    let running = true;
    const seen: number[] = [];
    const reading = (async () => {
      while (running) seen.push(await total());
    })();
    for (let n = 1; n <= 15; n++) await index.write([batchOf(n, pair(n))]);
    running = false;
    await reading;
    expect(seen.filter((count) => count % 2 !== 0)).toStrictEqual([]);
    expect(await total()).toBe(30);
  });

  it("DDB-5 keeps files of many days apart and attaches no more than it may", async () => {
    const spans = Array.from({ length: 50 }, (_, n) =>
      sampleCall(n, { startUnixNanos: SAMPLE_START + BigInt(n) * DAY }),
    );
    await index.write([batchOf(1, spans)]);
    expect(index.summaries.size).toBe(50);
    expect(await total()).toBe(50);
    expect(await index.trace(traceIdOf(49))).toHaveLength(1);
    await index.close();
    index = await open();
    expect(await total()).toBe(50);
  });

  it("DDB-11 knows after a restart what a file holds, also when its newest call is far from its last span", async () => {
    const [day, last] = [(SAMPLE_START / DAY) * DAY, sampleSpan(9, { startUnixNanos: SAMPLE_START + 9n * HOUR })];
    const call = sampleCall(2, { startUnixNanos: day + 1n });
    const other = sampleSpan(4, { startUnixNanos: SAMPLE_START + DAY });
    for (const [at, spans] of [[sampleSpan(1), last], [call], [other]].entries())
      await index.write([mixedBatchOf(at + 1, spans)]);
    const before = [...index.summaries];
    await index.close();
    index = await open();
    expect([...index.summaries]).toStrictEqual(before);
    expect(before.map(([, summary]) => summary)).toStrictEqual([
      { applied: 2n, spans: 3, calls: 1, oldestUnixNanos: day + 1n, newestCallUnixNanos: day + 1n },
      { applied: 3n, spans: 1, calls: 0, oldestUnixNanos: other.startUnixNanos, newestCallUnixNanos: undefined },
    ]);
  });

  it("DDB-6 W12 interrupts a query whose asker is gone, and one that takes too long, and goes on", async () => {
    await index.write([
      batchOf(
        1,
        Array.from({ length: 3_000 }, (_, n) => sampleCall(n)),
      ),
    ]);
    const gone = new AbortController();
    const asked = index.calls({ range: EVERYTHING }, { limit: 1_000 }, gone.signal);
    gone.abort(new Error("gone"));
    await expect(asked).rejects.toThrow("gone");
    expect(await total()).toBe(3_000);
    await index.close();
    index = await open({ queryTimeoutMs: 1 });
    await expect(index.calls({ range: EVERYTHING }, { limit: 1_000 })).rejects.toMatchObject({ code: "QUERY_TIMEOUT" });
  });

  it("DDB-7 looks spans up by identity and day", async () => {
    await index.write([batchOf(1, [sampleCall(1), sampleCall(2)])]);
    const day = Number(SAMPLE_START / DAY);
    const identity = (n: number, at = day) => ({ traceId: traceIdOf(n), spanId: spanIdOf(n), day: at });
    const found = await index.lookUp([identity(1), identity(2, day + 1), identity(3)]);
    expect(found.map(({ span }) => span.spanId)).toStrictEqual([spanIdOf(1)]);
  });

  it("DDB-8 a copy without some rows takes over what came since, selected or not, with its resources", async () => {
    const file = openFileOf(Number(SAMPLE_START / DAY));
    const of = (n: number, service: string) => sampleCall(n, { service });
    await index.write([batchOf(1, [of(1, "gone"), of(2, "kept"), of(3, "gone")])]);
    const copy = await index.copyForPurge(file, { service: "gone" }, 2);
    if (copy === undefined) throw new Error("nothing was selected");
    await index.write([batchOf(2, [of(4, "gone"), of(5, "new")])]);
    expect(await index.replaceByPurged(file, copy)).toBe(1);
    const { rows } = await index.calls({ range: EVERYTHING }, { limit: 10 });
    expect(rows.map(({ service }) => service)).toStrictEqual(["new", "gone", "gone", "kept"]);
    expect([(await index.trace(traceIdOf(5)))[0]?.span, index.appliedOf(Number(SAMPLE_START / DAY))]).toStrictEqual([
      of(5, "new"),
      2n,
    ]);
    await index.write([batchOf(2, [of(4, "gone")]), batchOf(3, [of(6, "new")])]);
    expect(await total()).toBe(5);
    expect(await index.copyForPurge(file, { service: "nobody" }, 9)).toBe(undefined);
  });
});

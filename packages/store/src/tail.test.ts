import { createColumnBatchBuilder, decodeColumnBatch, type SpanRecord } from "@nexent/monitor-core";
import { describe, expect, it } from "vitest";
import { keysOf, spanKey } from "./stored-span.ts";
import { createTail, type TailBatch } from "./tail.ts";
import { sampleCall, sampleSpan, SAMPLE_START, spanIdOf, traceIdOf, withoutEnd } from "./testing/sample-spans.ts";

function batchOf(spans: readonly SpanRecord[], position?: bigint): TailBatch {
  const builder = createColumnBatchBuilder();
  for (const span of spans) builder.append(span, span.attributes.size > 0 ? { model: "m" } : undefined);
  const batch = decodeColumnBatch(builder.encode(0));
  const keys = keysOf(spans.map((span) => ({ span })));
  return { batch, keys, position, durableAtMillis: 0, durable: Promise.resolve() };
}

describe("tail", () => {
  it("TAI-1 finds a span at once, marks it pending, and shows it in its trace only when it is durable", () => {
    const tail = createTail();
    const batch = batchOf([sampleSpan(1)]);
    tail.add(batch);
    expect(tail.find(spanKey(traceIdOf(1), spanIdOf(1)))?.pending).toBe(batch.durable);
    expect(tail.trace(traceIdOf(1))).toStrictEqual([]);
    batch.position = 1n;
    expect(tail.find(spanKey(traceIdOf(1), spanIdOf(1)))).toStrictEqual({ stored: { span: sampleSpan(1) } });
    expect(tail.trace(traceIdOf(1))).toStrictEqual([{ span: sampleSpan(1) }]);
    tail.indexed(batch);
    expect([tail.find(spanKey(traceIdOf(1), spanIdOf(1))), tail.trace(traceIdOf(1)), tail.bytes]).toStrictEqual([
      undefined,
      [],
      0,
    ]);
  });

  it("TAI-2 keeps a span without an end after its batch is indexed, until its end is", () => {
    const tail = createTail();
    const open = batchOf([withoutEnd(sampleSpan(1)), sampleSpan(2)], 1n);
    tail.add(open);
    tail.indexed(open);
    expect(tail.openSpans).toBe(1);
    expect(tail.trace(traceIdOf(1))).toStrictEqual([{ span: withoutEnd(sampleSpan(1)) }]);
    const ended = batchOf([sampleSpan(1)], 2n);
    tail.add(ended);
    expect(tail.trace(traceIdOf(1))).toStrictEqual([{ span: sampleSpan(1) }]);
    tail.indexed(ended);
    expect([tail.openSpans, tail.trace(traceIdOf(1))]).toStrictEqual([0, []]);
  });

  it("TAI-3 brings back what a batch had replaced when that batch is not kept", () => {
    const tail = createTail();
    const open = batchOf([withoutEnd(sampleSpan(1))], 1n);
    tail.add(open);
    const ended = batchOf([sampleSpan(1), sampleSpan(2)]);
    tail.add(ended);
    // The end is not durable yet, so the trace shows what is.
    expect(tail.trace(traceIdOf(1))).toStrictEqual([{ span: withoutEnd(sampleSpan(1)) }]);
    tail.indexed(open);
    tail.discard(ended);
    expect(tail.trace(traceIdOf(1))).toStrictEqual([{ span: withoutEnd(sampleSpan(1)) }]);
    expect([tail.openSpans, tail.find(spanKey(traceIdOf(2), spanIdOf(2))), tail.bytes]).toStrictEqual([
      1,
      undefined,
      0,
    ]);
  });

  it("TAI-4 counts what is durable", () => {
    const tail = createTail();
    tail.add(batchOf([sampleCall(1), sampleSpan(2), withoutEnd(sampleCall(3))], 1n));
    tail.add(batchOf([sampleCall(4)]));
    const { spans, calls, callStarts } = tail.summary();
    expect({ spans, calls, callStarts }).toStrictEqual({
      spans: 3,
      calls: 1,
      callStarts: [SAMPLE_START + 1_000_000_000n],
    });
  });
});

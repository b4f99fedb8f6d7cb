import { deepStrictEqual } from "node:assert";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LlmFields } from "../llm-call.ts";
import { LLM_COLUMNS, storableLlmFields } from "../names/columns.ts";
import { MonitorError } from "../errors.ts";
import { createColumnBatchBuilder, encodeColumnBatch, type ColumnRow } from "./column-batch.ts";
import { decodeColumnBatch } from "./column-batch-decode.ts";
import { SPAN_KINDS, STATUS_CODES, type AttributeValue, type SpanRecord } from "./span-record.ts";

/** Any text an attribute may hold: marks and separators of the encoding, NUL and lone surrogates among it. */
const anyText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 12 }),
  fc.string({
    unit: fc.constantFrom("\u0000", "\u0001", "\u0002", "c", "s", "i", "\ud800", "\udfff", "é", "😀", '"', "\ufeff"),
    maxLength: 6,
  }),
  fc.constantFrom("__proto__", "constructor", "", "\u0001c", "llm.token_tape"),
);
const wellFormed = fc.string({ unit: "binary", maxLength: 20 });
const bigInteger = fc.oneof(fc.bigInt(2n ** 53n, 2n ** 64n - 1n), fc.bigInt(-(2n ** 63n), -(2n ** 53n)));
const scalar: fc.Arbitrary<AttributeValue> = fc.oneof(
  anyText,
  fc.integer(),
  fc.double(),
  fc.boolean(),
  bigInteger,
  fc.uint8Array({ maxLength: 9 }),
  fc.constantFrom(0, -0, Number.NaN, Infinity, -Infinity, 1e300, 2 ** 53, 5e-324, null),
);
const value: fc.Arbitrary<AttributeValue> = fc.letrec<{ value: AttributeValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    scalar,
    fc.array(tie("value"), { maxLength: 3 }),
    fc.array(fc.tuple(anyText, tie("value")), { maxLength: 3 }).map((entries) => new Map(entries)),
  ),
})).value;
const attributes = fc.array(fc.tuple(anyText, value), { maxLength: 6 }).map((entries) => new Map(entries));
const hex = (length: number): fc.Arbitrary<string> =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => Buffer.from(bytes).toString("hex"));
const nanos = fc.bigInt(0n, 2n ** 64n - 1n);
const resource = fc.record({ service: wellFormed, attributes }, { noNullPrototype: true });
const span: fc.Arbitrary<SpanRecord> = fc.record(
  {
    traceId: hex(16),
    spanId: hex(8),
    parentSpanId: hex(8),
    traceState: wellFormed,
    flags: fc.nat(2 ** 31 - 1),
    name: wellFormed,
    kind: fc.constantFrom(...SPAN_KINDS),
    startUnixNanos: nanos,
    durationNanos: nanos,
    status: fc.constantFrom(...STATUS_CODES),
    statusMessage: wellFormed,
    scope: wellFormed,
    resource,
    attributes,
    events: fc.array(fc.record({ name: anyText, timeUnixNanos: nanos, attributes }, { noNullPrototype: true }), {
      maxLength: 2,
    }),
    links: fc.array(fc.record({ traceId: hex(16), spanId: hex(8), attributes }, { noNullPrototype: true }), {
      maxLength: 2,
    }),
  },
  {
    noNullPrototype: true,
    requiredKeys: [
      "traceId",
      "spanId",
      "flags",
      "name",
      "kind",
      "startUnixNanos",
      "status",
      "resource",
      "attributes",
      "events",
      "links",
    ],
  },
);
const llm: fc.Arbitrary<LlmFields | undefined> = fc.option(
  fc.record(
    Object.fromEntries(
      LLM_COLUMNS.map(({ field, kind }) => [
        field,
        kind === "text"
          ? wellFormed
          : kind === "boolean"
            ? fc.boolean()
            : kind === "count"
              ? fc.maxSafeNat()
              : fc.double({ min: 0, max: 1e9, noNaN: true }),
      ]),
    ),
    { requiredKeys: [], noNullPrototype: true },
  ) as fc.Arbitrary<LlmFields>,
  { nil: undefined },
);
/** Rows in which the promoted attribute often equals its column, as it does in real spans. */
const row: fc.Arbitrary<ColumnRow> = fc.tuple(span, llm, fc.boolean()).map(([record, fields, same]) => {
  const withTape = same && fields?.tokenTape !== undefined;
  const merged = withTape
    ? new Map([...record.attributes, ["llm.token_tape", fields.tokenTape]] as [string, AttributeValue][])
    : record.attributes;
  const whole = { ...record, attributes: merged };
  return fields === undefined ? { span: whole } : { span: whole, llm: fields };
});

function sample(): ColumnRow[] {
  return fc.sample(row, { numRuns: 3, seed: 7 });
}

describe("column batch", () => {
  it("gives back every span and every promoted field exactly, in order, for any content", () => {
    fc.assert(
      fc.property(fc.array(row, { maxLength: 5 }), (rows) => {
        const batch = decodeColumnBatch(encodeColumnBatch(rows, 1_764_000_000_123.5));
        deepStrictEqual(batch.writtenUnixMillis, 1_764_000_000_123.5);
        const expected = rows.map((one) => (one.llm === undefined ? one : { ...one, llm: storableLlmFields(one.llm) }));
        deepStrictEqual([...batch.rows()], expected);
        deepStrictEqual(
          [...batch.rows()].map(({ span }) => [...span.attributes.keys()]),
          rows.map(({ span }) => [...span.attributes.keys()]),
        );
      }),
      { numRuns: 400 },
    );
  });

  it("keeps a value apart from the whole number, the text and the boolean it looks like", () => {
    const attributes = new Map<string, AttributeValue>([
      ["a", 1],
      ["b", "1"],
      ["c", true],
      ["d", -0],
      ["e", 2n ** 63n],
      ["f", 0.5],
    ]);
    const [first] = sample();
    if (first === undefined) throw new Error("no sample");
    const [read] = [...decodeColumnBatch(encodeColumnBatch([{ span: { ...first.span, attributes } }], 0)).rows()];
    deepStrictEqual(read?.span.attributes, attributes);
  });

  it("stores the token tape once: in its column, not in the attributes too", () => {
    const [first] = sample();
    if (first === undefined) throw new Error("no sample");
    const tape = "t1,".repeat(2_000);
    const record = { ...first.span, attributes: new Map([["llm.token_tape", tape]]) };
    const bytes = encodeColumnBatch([{ span: record, llm: { tokenTape: tape } }], 0);
    expect(bytes.length).toBeLessThan(tape.length * 2);
    deepStrictEqual([...decodeColumnBatch(bytes).rows()][0]?.span.attributes.get("llm.token_tape"), tape);
  });

  it("keeps equal resources once per batch", () => {
    const builder = createColumnBatchBuilder();
    const [first] = sample();
    if (first === undefined) throw new Error("no sample");
    const resource = () => ({ service: "svc", attributes: new Map([["service.name", "svc"]]) });
    for (let at = 0; at < 3; at++) builder.append({ ...first.span, resource: resource() }, undefined);
    expect(decodeColumnBatch(builder.encode(0)).resources).toHaveLength(1);
  });

  it("leaves out numbers that no column can hold exactly", () => {
    const llmFields = {
      ttftSeconds: Number.NaN,
      gapP50Seconds: -1,
      inputTokens: 1.5,
      outputTokens: 3,
      lastTokenSeconds: 1e300,
    };
    expect(storableLlmFields(llmFields)).toStrictEqual({ outputTokens: 3 });
    for (const { span: record } of sample()) {
      const [read] = decodeColumnBatch(encodeColumnBatch([{ span: record, llm: llmFields }], 0)).rows();
      expect(read?.llm).toStrictEqual({ outputTokens: 3 });
    }
  });

  it("answers damage with PAYLOAD_MALFORMED or other rows, never with a read past the end", () => {
    const bytes = encodeColumnBatch(sample(), 1);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(7), fc.boolean(), (at, bit, cut) => {
        const damaged = cut ? bytes.slice(0, at) : bytes.slice();
        if (!cut) damaged[at] = (damaged[at] ?? 0) ^ (1 << bit);
        try {
          for (const _row of decodeColumnBatch(damaged).rows());
          expect(cut, "a cut batch must not decode").toBe(false);
        } catch (error) {
          expect(error).toBeInstanceOf(MonitorError);
          expect((error as MonitorError).code).toBe("PAYLOAD_MALFORMED");
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

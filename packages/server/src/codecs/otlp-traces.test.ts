import fc from "fast-check";
import { MonitorError } from "@nexent/monitor-core";
import { describe, expect, it } from "vitest";
import { decodeTracesByLibrary } from "../testing/otlp-oracle.ts";
import { encodeProtobuf } from "../testing/otlp-encode.ts";
import { telemetryBatch, telemetrySpan } from "../testing/spans.ts";
import { OTLP_MESSAGES, type FieldRow, type MessageName } from "./otlp-fields.ts";
import { decodeTracesProtobuf } from "./otlp-traces.ts";

/** The batch, or the word "refused"; any error of ours must be typed. */
function byUs(bytes: Uint8Array): unknown {
  try {
    return decodeTracesProtobuf(bytes);
  } catch (error) {
    if (error instanceof MonitorError && error.code === "PAYLOAD_MALFORMED") return "refused";
    throw error;
  }
}

function byLibrary(bytes: Uint8Array): unknown {
  try {
    return decodeTracesByLibrary(bytes);
  } catch {
    return "refused";
  }
}

function varint(value: bigint): number[] {
  const out: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest > 127n; rest >>= 7n) out.push(Number(rest & 127n) | 128);
  return [...out, Number(rest)];
}

const text = fc.oneof(
  fc.constantFrom("key", "llm.stream", "", "\u00e9", "\ufeffa").map((value) => [...Buffer.from(value)]),
  fc.array(fc.nat(255), { maxLength: 12 }),
);
const delimited = (content: readonly number[]): number[] => [...varint(BigInt(content.length)), ...content];
const anyVarint = fc.oneof(fc.bigInt(-5n, 5n), fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n)).map(varint);
const fixed = (length: number): fc.Arbitrary<number[]> =>
  fc.array(fc.nat(255), { minLength: length, maxLength: length });

/** A field that no message of ours has, or a group around such fields. */
const unknownField = fc.oneof(
  anyVarint.map((value) => [...varint(90n * 8n), ...value]),
  fixed(8).map((value) => [...varint(90n * 8n + 1n), ...value]),
  text.map((value) => [...varint(90n * 8n + 2n), ...delimited(value)]),
  fixed(4).map((value) => [...varint(90n * 8n + 5n), ...value]),
  anyVarint.map((value) => [...varint(90n * 8n + 3n), 8, ...value, ...varint(90n * 8n + 4n)]),
);

const WIRE_TYPES = new Map([
  ["int32", 0],
  ["int64", 0],
  ["bool", 0],
  ["fixed64", 1],
  ["double", 1],
  ["fixed32", 5],
]);

function contentOf(type: string, depth: number): fc.Arbitrary<number[]> {
  if (isMessage(type)) return messageOf(type, depth - 1).map(delimited);
  const wireType = WIRE_TYPES.get(type);
  if (wireType === 0) return anyVarint;
  if (wireType === 1) return fixed(8);
  return wireType === 5 ? fixed(4) : text.map(delimited);
}

function isMessage(type: string): type is MessageName {
  return Object.hasOwn(OTLP_MESSAGES, type);
}

function fieldOf([, number, type]: FieldRow, depth: number): fc.Arbitrary<number[]> {
  const tag = varint(BigInt(number * 8 + (WIRE_TYPES.get(type) ?? 2)));
  return contentOf(type, depth).map((content) => [...tag, ...content]);
}

/** Fields of a message in any order and number: repeated ones, singular ones twice, several of one oneof. */
function messageOf(name: MessageName, depth: number): fc.Arbitrary<number[]> {
  const rows = OTLP_MESSAGES[name].filter(([, , type]) => depth > 0 || !isMessage(type));
  const fields = rows.map((row) => ({ weight: 4, arbitrary: fc.constant(0).chain(() => fieldOf(row, depth)) }));
  const field = fc.oneof(...fields, { weight: 1, arbitrary: unknownField });
  return fc.array(field, { maxLength: 5 }).map((parts) => parts.flat());
}

/** Leads to the spans at once, so that few of the random messages are empty. */
const bodies = fc.array(messageOf("Span", 5), { minLength: 1, maxLength: 3 }).chain((spans) =>
  fc.tuple(messageOf("ResourceSpans", 3), messageOf("ScopeSpans", 2)).map(([resource, scope]) => {
    const within = [...scope, ...spans.flatMap((span) => [0x12, ...delimited(span)])];
    return Uint8Array.from([0x0a, ...delimited([...resource, 0x12, ...delimited(within)])]);
  }),
);

describe("our reader and the library", () => {
  it("give equal rows for every message", () => {
    let decoded = 0;
    fc.assert(
      fc.property(bodies, (bytes) => {
        const expected = byLibrary(bytes);
        if (expected !== "refused") decoded++;
        expect(byUs(bytes)).toStrictEqual(expected);
      }),
      { numRuns: 1_000 },
    );
    expect(decoded).toBeGreaterThan(900);
  });

  it("give equal rows, or both refuse, whatever byte is changed and wherever the body is cut", () => {
    const seed = encodeProtobuf(
      telemetryBatch([telemetrySpan({ attributes: new Map([["list", ["a", 1, new Map([["k", 0.5]])]]]) })]),
    );
    fc.assert(
      fc.property(
        fc.oneof(bodies, fc.constant(seed)),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 }),
        fc.oneof(fc.constant(0), fc.nat(400)),
        (whole, changes, cut) => {
          const bytes = whole.slice(0, Math.max(1, whole.length - cut));
          for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
          expect(byUs(bytes)).toStrictEqual(byLibrary(bytes));
        },
      ),
      { numRuns: 3_000 },
    );
  });
});

describe("our reader", () => {
  it.each([
    ["a body that ends within a field", [0x0a, 5, 1], "it ends too early"],
    ["a field number 0", [0x00, 0], "a field has the wrong form"],
    ["a varint that goes on to the end", [0x78, ...Array.from({ length: 11 }, () => 0xff)], "it ends too early"],
    ["a group that ends as another one", [0x7b, 0x74], "a field has the wrong form"],
    ["groups that nest without end", Array.from({ length: 200 }, () => 0x7b), "messages nest more than 128 levels"],
  ])("refuses %s with its reason", (_, bytes, reason) => {
    expect(() => decodeTracesProtobuf(Uint8Array.from(bytes))).toThrow(`not an OTLP protobuf message: ${reason}`);
  });
});

import { create, toBinary } from "@bufbuild/protobuf";
import { MonitorError, type AttributeValue } from "@nexent/monitor-core";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeJson, encodeProtobuf } from "../testing/otlp-encode.ts";
import { telemetryBatch, telemetrySpan } from "../testing/spans.ts";
import { countJson, decodeTracesJson } from "./otlp-json.ts";
import { countProtobuf } from "./otlp-protobuf.ts";
import { decodeTracesProtobuf } from "./otlp-traces.ts";
import { otlpMessage } from "./otlp-registry.ts";
import type { TelemetryBatch } from "./telemetry-batch.ts";

function json(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function codeOf(decode: () => unknown): string {
  try {
    decode();
  } catch (error) {
    return error instanceof MonitorError ? error.code : `untyped ${String(error)}`;
  }
  return "decoded";
}

const text = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom("__proto__", "constructor", "key", "\0", "\u202e"),
);
const wellFormed = text.map((value) => Buffer.from(value).toString("utf8"));
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const scalar: fc.Arbitrary<AttributeValue> = fc.oneof(
  wellFormed,
  fc.boolean(),
  fc.double(),
  fc.maxSafeInteger(),
  int64.map((value) => (Number.isSafeInteger(Number(value)) ? Number(value) : value)),
  fc.uint8Array({ maxLength: 20 }).map((bytes) => new Uint8Array(bytes)),
  fc.constant(null),
);
const { value: anyValue } = fc.letrec<{ value: AttributeValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    scalar,
    fc.array(tie("value"), { maxLength: 3 }),
    fc.array(fc.tuple(wellFormed, tie("value")), { maxLength: 3 }).map((pairs) => new Map(pairs)),
  ),
}));
const attributes = fc.array(fc.tuple(wellFormed, anyValue), { maxLength: 5 }).map((pairs) => new Map(pairs));
const hex = (bytes: number): fc.Arbitrary<string> =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((value) => Buffer.from(value).toString("hex"));
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const span = fc.record({
  traceId: hex(16),
  spanId: hex(8),
  parentSpanId: fc.oneof(hex(8), fc.constant("")),
  traceState: wellFormed,
  flags: fc.nat({ max: 2 ** 32 - 1 }),
  name: wellFormed,
  kind: fc.integer({ min: 0, max: 9 }),
  startUnixNanos: uint64,
  endUnixNanos: uint64,
  attributes,
  events: fc.array(fc.record({ timeUnixNanos: uint64, name: wellFormed, attributes }), { maxLength: 2 }),
  links: fc.array(fc.record({ traceId: hex(16), spanId: hex(8), attributes }), { maxLength: 2 }),
  statusCode: fc.integer({ min: 0, max: 2 }),
  statusMessage: wellFormed,
});
const batches: fc.Arbitrary<TelemetryBatch> = fc
  .array(
    fc.record({
      attributes,
      scopes: fc.array(fc.record({ name: wellFormed, spans: fc.array(span, { maxLength: 3 }) }), { maxLength: 2 }),
    }),
    { maxLength: 2 },
  )
  .map((resources) => ({ resources }));

describe("OTLP trace decoders", () => {
  it("give back every batch exactly, in protobuf and in JSON alike", () => {
    fc.assert(
      fc.property(batches, (batch) => {
        expect(decodeTracesProtobuf(encodeProtobuf(batch))).toEqual(batch);
        expect(decodeTracesJson(json(encodeJson(batch)))).toEqual(batch);
      }),
      { numRuns: 300 },
    );
  });

  it("answer any bytes with a batch or with PAYLOAD_MALFORMED", () => {
    const seed = encodeProtobuf(telemetryBatch([telemetrySpan()]));
    const jsonSeed = json(encodeJson(telemetryBatch([telemetrySpan()])));
    const damaged = (bytes: Uint8Array): fc.Arbitrary<Uint8Array> =>
      fc
        .tuple(fc.nat({ max: bytes.length - 1 }), fc.nat({ max: 255 }), fc.nat({ max: bytes.length }))
        .map(([at, byte, end]) => {
          const copy = bytes.slice(0, end);
          if (at < copy.length) copy[at] = byte;
          return copy;
        });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), damaged(seed)), (bytes) => {
        expect(["decoded", "PAYLOAD_MALFORMED"]).toContain(codeOf(() => decodeTracesProtobuf(bytes)));
      }),
      { numRuns: 2_000 },
    );
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), damaged(jsonSeed)), (bytes) => {
        expect(["decoded", "PAYLOAD_MALFORMED"]).toContain(codeOf(() => decodeTracesJson(bytes)));
      }),
      { numRuns: 2_000 },
    );
  });

  it("I10: accept values 32 levels deep and refuse 33, as lists and as maps, in both encodings", () => {
    const lists = (levels: number): AttributeValue => {
      let value: AttributeValue = "deep";
      for (let level = 0; level < levels; level++) value = [value];
      return value;
    };
    const maps = (levels: number): AttributeValue => {
      let value: AttributeValue = "deep";
      for (let level = 0; level < levels; level++) value = new Map([["k", value]]);
      return value;
    };
    for (const nest of [lists, maps]) {
      const batchOf = (levels: number) =>
        telemetryBatch([telemetrySpan({ attributes: new Map([["v", nest(levels)]]) })]);
      expect(codeOf(() => decodeTracesJson(json(encodeJson(batchOf(32)))))).toBe("decoded");
      expect(codeOf(() => decodeTracesProtobuf(encodeProtobuf(batchOf(32))))).toBe("decoded");
      expect(codeOf(() => decodeTracesJson(json(encodeJson(batchOf(33)))))).toBe("PAYLOAD_MALFORMED");
      expect(codeOf(() => decodeTracesProtobuf(encodeProtobuf(batchOf(33))))).toBe("PAYLOAD_MALFORMED");
    }
  });

  it("I10: refuse brackets and messages that nest without end", () => {
    expect(codeOf(() => decodeTracesJson(json("[".repeat(100_000))))).toBe("PAYLOAD_MALFORMED");
    expect(codeOf(() => decodeTracesJson(json('{"a":'.repeat(100_000))))).toBe("PAYLOAD_MALFORMED");
    // AnyValue.array_value.values, 50,000 times, sizes written from the inside out.
    const layers: number[][] = [];
    let size = 0;
    for (let level = 0; level < 50_000; level++) {
      for (const tag of [0x0a, 0x2a]) {
        const head = [tag, ...varint(size)];
        layers.push(head);
        size += head.length;
      }
    }
    const value = layers.toReversed().flat();
    const attribute = [0x12, ...varint(size), ...value];
    const wrap = (tag: number[], body: number[]): number[] => [...tag, ...varint(body.length), ...body];
    const body = wrap([0x0a], wrap([0x12], wrap([0x12], wrap([0x4a], attribute))));
    expect(codeOf(() => decodeTracesProtobuf(Uint8Array.from(body)))).toBe("PAYLOAD_MALFORMED");
  });

  it("replace invalid UTF-8 in protobuf instead of refusing the request", () => {
    const bytes = encodeProtobuf(telemetryBatch([telemetrySpan({ name: "ab" })]));
    const at = Buffer.from(bytes).indexOf("ab");
    bytes[at] = 0xff;
    expect(decodeTracesProtobuf(bytes).resources[0]?.scopes[0]?.spans[0]?.name).toBe("\uFFFDb");
  });

  it("I12: keep __proto__ and constructor as ordinary keys", () => {
    const hostile = json(
      '{"__proto__":{"polluted":1},"resourceSpans":[{"scopeSpans":[{"spans":[{"attributes":' +
        '[{"key":"__proto__","value":{"stringValue":"a"}},{"key":"constructor","value":{"kvlistValue":{"values":[' +
        '{"key":"prototype","value":{"intValue":1}}]}}}]}]}]}]}',
    );
    const [resource] = decodeTracesJson(hostile).resources;
    const keys = [...(resource?.scopes[0]?.spans[0]?.attributes.keys() ?? [])];
    expect(keys).toEqual(["__proto__", "constructor"]);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });
});

function varint(value: number): number[] {
  const out: number[] = [];
  let rest = value;
  while (rest > 127) {
    out.push((rest & 127) | 128);
    rest >>>= 7;
  }
  return [...out, rest];
}

describe("OTLP JSON", () => {
  const spanOf = (fields: string) =>
    decodeTracesJson(json(`{"resourceSpans":[{"scopeSpans":[{"spans":[{${fields}}]}]}]}`)).resources[0]?.scopes[0]
      ?.spans[0];

  it("I5: takes 64-bit integers as string or as number without losing a digit", () => {
    for (const value of ["18446744073709551615", '"18446744073709551615"', "1732419000123456789", '"0"', "1.5e18"]) {
      const exact = value.includes("e") ? 1_500_000_000_000_000_000n : BigInt(value.replaceAll('"', ""));
      expect(spanOf(`"startTimeUnixNano":${value}`)?.startUnixNanos).toBe(exact);
    }
    const attribute = spanOf('"attributes":[{"key":"n","value":{"intValue":-9223372036854775808}}]')?.attributes.get(
      "n",
    );
    expect(attribute).toBe(-(2n ** 63n));
  });

  it("takes hexadecimal ids in any case and ignores unknown fields and nulls", () => {
    const found = spanOf(
      '"traceId":"4BF92F3577B34DA6A3CE929D0E0E4736","spanId":null,"brandNew":{"a":[1]},"events":null',
    );
    expect(found?.traceId).toBe("4bf92f3577b34da6a3ce929d0e0e4736");
    expect(found?.spanId).toBe("");
    expect(found?.events).toEqual([]);
  });

  it.each([
    ["a list where an object belongs", '"status":[]'],
    ["an object where a list belongs", '"attributes":{}'],
    ["a number where a text belongs", '"name":5'],
    ["an enumeration by name", '"kind":"SPAN_KIND_CLIENT"'],
    ["a negative time", '"startTimeUnixNano":"-1"'],
    ["a time beyond 64 bits", '"startTimeUnixNano":"18446744073709551616"'],
    ["an integer of a million digits", `"startTimeUnixNano":${"9".repeat(1_000_000)}`],
    ["a text where a truth value belongs", '"attributes":[{"key":"k","value":{"boolValue":"true"}}]'],
    ["bytes that are not base64", '"attributes":[{"key":"k","value":{"bytesValue":"*"}}]'],
  ])("refuses %s with a reason that names the field", (_, fields) => {
    expect(codeOf(() => spanOf(fields))).toBe("PAYLOAD_MALFORMED");
    expect(() => spanOf(fields)).toThrow(/must be|range/);
  });
});

describe("metrics and logs", () => {
  it("are counted item by item in both encodings", () => {
    const metrics =
      '{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"a","gauge":{"dataPoints":[{},{}]}},' +
      '{"name":"b","histogram":{"dataPoints":[{}]}}]}]}]}';
    const logs = '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"x"}},{}]}]}]}';
    expect(countJson("metrics", json(metrics))).toBe(3);
    expect(countJson("logs", json(logs))).toBe(2);
    const wire = (
      name: "ExportMetricsServiceRequest" | "ExportLogsServiceRequest",
      value: Readonly<Record<string, unknown>>,
    ): Uint8Array => {
      const desc = otlpMessage(name);
      return toBinary(desc, create(desc, value));
    };
    const points = [{ gauge: { dataPoints: [{}, {}] } }, { histogram: { dataPoints: [{}] } }];
    const resourceMetrics = [{ scopeMetrics: [{ metrics: points }] }];
    expect(countProtobuf("metrics", wire("ExportMetricsServiceRequest", { resourceMetrics }))).toBe(3);
    const resourceLogs = [{ scopeLogs: [{ logRecords: [{}, {}] }] }];
    expect(countProtobuf("logs", wire("ExportLogsServiceRequest", { resourceLogs }))).toBe(2);
  });
});

import { describe, expect, it } from "vitest";
import { BATCH_FIELD, LOG_FIELD, PROCESS_FIELD, SPAN_FIELD, TAG_FIELD, TAG_TYPE } from "./jaeger-schema.ts";
import { encodeJaegerBatch, type JaegerAttributes, type JaegerSpan } from "./jaeger-thrift.ts";

type Struct = Readonly<Record<number, unknown>>;
const text = new TextDecoder();

/** Reads any TBinary struct: numbers as bigint (i64) or number, strings as bytes. */
function readStruct(bytes: Uint8Array): { readonly struct: Struct; readonly end: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const readFields = (): Struct => {
    const fields: Record<number, unknown> = {};
    for (;;) {
      const type = view.getUint8(at);
      at += 1;
      if (type === 0) return fields;
      const id = view.getInt16(at);
      at += 2;
      expect(fields, `field ${id} comes once`).not.toHaveProperty([id]);
      fields[id] = readValue(type);
    }
  };
  const readValue = (type: number): unknown => {
    const from = at;
    if (type === 2) return [(at += 1), view.getUint8(from) === 1][1];
    if (type === 8) return [(at += 4), view.getInt32(from)][1];
    if (type === 4) return [(at += 8), view.getFloat64(from)][1];
    if (type === 10) return [(at += 8), view.getBigInt64(from)][1];
    if (type === 11) return [(at += 4 + view.getUint32(from)), bytes.subarray(from + 4, at)][1];
    if (type === 12) return readFields();
    if (type !== 15) throw new Error(`no type ${type}`);
    const element = view.getUint8(at);
    at += 5;
    return Array.from({ length: view.getUint32(from + 1) }, () => readValue(element));
  };
  return { struct: readFields(), end: at };
}

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const stringOf = (value: unknown): string => (value instanceof Uint8Array ? text.decode(value) : "not a string");
const listOf = (value: unknown): readonly Struct[] => (Array.isArray(value) ? value : []);

/** Tags as they would be shown: key and the value of the field that the type names. */
function tagsOf(list: unknown): readonly (readonly [string, unknown])[] {
  return listOf(list).map((tag) => {
    const type = Number(tag[TAG_FIELD.vType]);
    expect(Object.keys(tag).map(Number), "one value field only").toEqual([
      TAG_FIELD.key,
      TAG_FIELD.vType,
      TAG_FIELD.vStr + type,
    ]);
    const value = tag[TAG_FIELD.vStr + type];
    return [stringOf(tag[TAG_FIELD.key]), type === TAG_TYPE.string ? stringOf(value) : value];
  });
}

const SPAN: JaegerSpan = {
  name: "chat m",
  kind: 2,
  spanContext: () => ({ traceId: "0102030405060708090a0b0c0d0e0f10", spanId: "fffefdfcfbfaf9f8", traceFlags: 1 }),
  startTime: [1_700_000_000, 123_456_789],
  endTime: [1_700_000_001, 123_456_789],
  status: { code: 0 },
  attributes: {},
  events: [],
  links: [],
  instrumentationScope: { name: "" },
  droppedAttributesCount: 0,
  droppedEventsCount: 0,
  droppedLinksCount: 0,
};

function encodeOne(span: Partial<JaegerSpan>, resource: JaegerAttributes = { "service.name": "s" }) {
  const bytes = encodeJaegerBatch(resource, [{ ...SPAN, ...span }]);
  const { struct, end } = readStruct(bytes);
  expect(end).toBe(bytes.length);
  const process = struct[BATCH_FIELD.process] as Struct;
  const [first = {}] = listOf(struct[BATCH_FIELD.spans]);
  return { bytes, process, span: first, tags: tagsOf(first[SPAN_FIELD.tags]) };
}

const valueOf = (value: unknown): unknown => encodeOne({ attributes: { key: value } }).tags.find(([k]) => k === "key");

describe("encodeJaegerBatch", () => {
  it("writes exactly these bytes for a root with one tag", () => {
    const { bytes } = encodeOne({ kind: 0, attributes: { n: 7 } });
    const expected = [
      "0c0001", // Batch.process: struct
      "0b0001 00000001 73", // serviceName: "s"
      "0f0002 0c 00000000 00", // tags: none, end of Process
      "0f0002 0c 00000001", // Batch.spans: list of one struct
      "0a0001 090a0b0c0d0e0f10", // traceIdLow
      "0a0002 0102030405060708", // traceIdHigh
      "0a0003 fffefdfcfbfaf9f8", // spanId
      "0a0004 0000000000000000", // parentSpanId: a root
      "0b0005 00000006 63686174206d", // operationName: "chat m"
      "080007 00000001", // flags: sampled
      `0a0008 ${1_700_000_000_123_457n.toString(16).padStart(16, "0")}`, // startTime: rounded to microseconds
      "0a0009 00000000000f4240", // duration: 1 s in microseconds
      "0f000a 0c 00000002", // tags
      "0b0001 00000001 6e 080002 00000003 0a0006 0000000000000007 00", // n = 7, LONG
      "0b0001 00000009 7370616e2e6b696e64 080002 00000000 0b0003 00000008 696e7465726e616c 00", // span.kind = internal
      "00 00", // end of Span, end of Batch
    ];
    expect(hexOf(bytes)).toBe(expected.join("").replaceAll(" ", ""));
  });

  it("gives every kind of value the type that keeps it", () => {
    expect(valueOf("text ⏱ 中文 😀")).toEqual(["key", "text ⏱ 中文 😀"]);
    expect(valueOf("long ".repeat(5000))).toEqual(["key", "long ".repeat(5000)]);
    expect(valueOf(true)).toEqual(["key", true]);
    expect(valueOf(0.25)).toEqual(["key", 0.25]);
    expect(valueOf(Number.NaN)).toEqual(["key", Number.NaN]);
    expect(valueOf(Number.MAX_SAFE_INTEGER)).toEqual(["key", 2n ** 53n - 1n]);
    expect(valueOf(-1)).toEqual(["key", -1n]);
    expect(valueOf(Number.MIN_SAFE_INTEGER)).toEqual(["key", 1n - 2n ** 53n]);
    expect(valueOf(1e300)).toEqual(["key", 1e300]);
    expect(valueOf(-(2n ** 63n))).toEqual(["key", -(2n ** 63n)]);
    expect(valueOf(2n ** 63n)).toEqual(["key", "9223372036854775808"]);
    expect(valueOf(Uint8Array.of(0, 255))).toEqual(["key", Uint8Array.of(0, 255)]);
    expect(valueOf(["a", "b"])).toEqual(["key", '["a","b"]']);
    expect(valueOf([1, 2n ** 60n])).toEqual(["key", '[1,"1152921504606846976"]']);
    expect(valueOf("\ud800")).toEqual(["key", "\ufffd"]);
  });

  it("leaves out what is absent or cannot be written, and nothing else", () => {
    const cycle: unknown[] = [];
    cycle.push(cycle);
    const { tags } = encodeOne({
      attributes: { a: 1, none: undefined, nil: null, cycle, fn: () => 1, [""]: "empty key", z: "last" },
    });
    expect(tags.map(([key]) => key)).toEqual(["a", "", "z", "span.kind"]);
  });

  it("maps status, scope, tracestate and dropped counts to tags", () => {
    const own = (span: Partial<JaegerSpan>): Record<string, unknown> => Object.fromEntries(encodeOne(span).tags);
    expect(own({})).toEqual({ "span.kind": "client" });
    expect(own({ status: { code: 1 } })).toMatchObject({ "otel.status_code": "OK" });
    expect(own({ status: { code: 2, message: "timeout" } })).toEqual({
      "span.kind": "client",
      "otel.status_code": "ERROR",
      "otel.status_description": "timeout",
      error: true,
    });
    const traceState = { serialize: () => "ot=th:8" };
    expect(
      own({
        spanContext: () => ({ ...SPAN.spanContext(), traceState }),
        instrumentationScope: { name: "scope", version: "1.2" },
        droppedAttributesCount: 1,
        droppedEventsCount: 2,
        droppedLinksCount: 3,
      }),
    ).toEqual({
      "span.kind": "client",
      "otel.scope.name": "scope",
      "otel.scope.version": "1.2",
      "w3c.tracestate": "ot=th:8",
      "otel.dropped_attributes_count": 1n,
      "otel.dropped_events_count": 2n,
      "otel.dropped_links_count": 3n,
    });
  });

  it("writes parents, links and events where Jaeger looks for them", () => {
    const { span } = encodeOne({
      parentSpanContext: { spanId: "00000000000000ab" },
      links: [{ context: { traceId: "0".repeat(31) + "1", spanId: "0".repeat(15) + "2" } }],
      events: [
        { name: "first", time: [10, 1500], attributes: { ttft: 0.5 } },
        { name: "hidden", time: [11, 0], attributes: { event: "own name" } },
      ],
    });
    expect(span[SPAN_FIELD.parentSpanId]).toBe(0xabn);
    expect(span[SPAN_FIELD.references]).toEqual([{ 1: 1, 2: 1n, 3: 0n, 4: 2n }]);
    const logs = listOf(span[SPAN_FIELD.logs]);
    expect(logs.map((log) => log[LOG_FIELD.timestamp])).toEqual([10_000_002n, 11_000_000n]);
    expect(logs.map((log) => tagsOf(log[LOG_FIELD.fields]))).toEqual([
      [
        ["event", "first"],
        ["ttft", 0.5],
      ],
      [["event", "own name"]],
    ]);
  });

  it("makes the resource the process, its name apart from its tags", () => {
    const { process } = encodeOne({}, { "service.name": "shop", "host.name": "h", "process.pid": 7 });
    expect(stringOf(process[PROCESS_FIELD.serviceName])).toBe("shop");
    expect(tagsOf(process[PROCESS_FIELD.tags])).toEqual([
      ["host.name", "h"],
      ["process.pid", 7n],
    ]);
  });

  it("never gives a negative duration and reads any case of hex", () => {
    const { span } = encodeOne({
      endTime: [1, 0],
      spanContext: () => ({ traceId: "AB".repeat(16), spanId: "0".repeat(16), traceFlags: 3 }),
    });
    expect(span[SPAN_FIELD.duration]).toBe(0n);
    expect(BigInt.asUintN(64, BigInt(String(span[SPAN_FIELD.traceIdHigh])))).toBe(0xababababababababn);
    expect(span[SPAN_FIELD.flags]).toBe(1);
  });
});

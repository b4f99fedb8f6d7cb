import { encodeJaegerBatch, LIMITS, MonitorError, type JaegerSpan } from "@nexent/monitor-core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  field,
  i32Field,
  i64Field,
  listField,
  processField,
  spanStruct,
  structField,
  structOf,
  textField,
  textTag,
  thriftBatch,
} from "../testing/thrift-bytes.ts";
import { decodeJaegerThrift } from "./jaeger-thrift.ts";
import type { TelemetrySpan } from "./telemetry-batch.ts";

const TRACE = "0102030405060708090a0b0c0d0e0f10";
const SENT: JaegerSpan = {
  name: "chat 模型",
  kind: 2,
  spanContext: () => ({
    traceId: TRACE,
    spanId: "fffefdfcfbfaf9f8",
    traceFlags: 1,
    traceState: { serialize: () => "ot=th:8" },
  }),
  parentSpanContext: { spanId: "00000000000000ab" },
  startTime: [1_700_000_000, 123_456_000],
  endTime: [1_700_000_001, 623_456_000],
  status: { code: 2, message: "timeout" },
  attributes: {
    text: "a ⏱",
    whole: 9_007_199_254_740_991,
    beyond: 2n ** 62n,
    fraction: 0.5,
    flag: false,
    bytes: Uint8Array.of(0, 255),
    list: ["x", "y"],
  },
  events: [{ name: "first_token_received", time: [1_700_000_000, 500_000_000], attributes: { ttft_seconds: 0.5 } }],
  links: [{ context: { traceId: "f".repeat(32), spanId: "e".repeat(16) } }],
  instrumentationScope: { name: "nexent", version: "1.2" },
  droppedAttributesCount: 1,
  droppedEventsCount: 0,
  droppedLinksCount: 0,
};

function only(bytes: Uint8Array): { readonly scope: string; readonly span: TelemetrySpan } {
  const [resource] = decodeJaegerThrift(bytes).resources;
  const [scope] = resource?.scopes ?? [];
  const [span] = scope?.spans ?? [];
  if (scope === undefined || span === undefined) throw new Error("no span was decoded");
  return { scope: scope.name, span };
}

function codeOf(bytes: Uint8Array): string {
  try {
    decodeJaegerThrift(bytes);
    return "decoded";
  } catch (error) {
    if (!(error instanceof MonitorError)) throw error;
    return error.code;
  }
}

describe("a batch of the SDK", () => {
  it("comes back as the span it was", () => {
    const { scope, span } = only(encodeJaegerBatch({ "service.name": "shop", "host.name": "h" }, [SENT]));
    expect(scope).toBe("nexent");
    expect(span).toEqual({
      traceId: TRACE,
      spanId: "fffefdfcfbfaf9f8",
      parentSpanId: "00000000000000ab",
      traceState: "ot=th:8",
      flags: 1,
      name: "chat 模型",
      kind: 3,
      startUnixNanos: 1_700_000_000_123_456_000n,
      endUnixNanos: 1_700_000_001_623_456_000n,
      attributes: new Map<string, unknown>([
        ["text", "a ⏱"],
        ["whole", 9_007_199_254_740_991],
        ["beyond", 2n ** 62n],
        ["fraction", 0.5],
        ["flag", false],
        ["bytes", Uint8Array.of(0, 255)],
        ["list", '["x","y"]'],
        ["otel.scope.version", "1.2"],
        ["otel.dropped_attributes_count", 1],
      ]),
      events: [
        {
          name: "first_token_received",
          timeUnixNanos: 1_700_000_000_500_000_000n,
          attributes: new Map([["ttft_seconds", 0.5]]),
        },
      ],
      links: [{ traceId: "f".repeat(32), spanId: "e".repeat(16), attributes: new Map() }],
      statusCode: 2,
      statusMessage: "timeout",
    });
  });

  it("keeps its process as the resource, and its spans apart by scope", () => {
    const other = { ...SENT, instrumentationScope: { name: "" } };
    const [resource] = decodeJaegerThrift(
      encodeJaegerBatch({ "service.name": "shop", "process.pid": 7 }, [SENT, other, SENT]),
    ).resources;
    expect(resource?.attributes).toEqual(
      new Map<string, unknown>([
        ["service.name", "shop"],
        ["process.pid", 7],
      ]),
    );
    expect(resource?.scopes.map(({ name, spans }) => [name, spans.length])).toEqual([
      ["nexent", 2],
      ["", 1],
    ]);
  });
});

describe("spans of older clients", () => {
  it("find their parent in a reference, which is then no link", () => {
    const reference = (type: number, low: bigint, span: bigint): Buffer =>
      structOf(i32Field(1, type), i64Field(2, low), i64Field(3, 1n), i64Field(4, span));
    const references = listField(6, [reference(0, 2n, 9n), reference(1, 2n, 8n), reference(0, 77n, 7n)]);
    const { span } = only(thriftBatch(spanStruct({ more: [references] })));
    expect(span.parentSpanId).toBe("0000000000000009");
    expect(span.links.map(({ spanId }) => spanId)).toEqual(["0000000000000008", "0000000000000007"]);
  });

  it.each<[string, readonly Uint8Array[], number]>([
    ["error=true as a flag", [structOf(textField(1, "error"), i32Field(2, 2), field(2, 5, Buffer.from([1])))], 2],
    ["error=true as text", [textTag("error", "true")], 2],
    ["error=false", [textTag("error", "false")], 0],
    ["otel.status_code=ERROR", [textTag("otel.status_code", "ERROR")], 2],
    ["otel.status_code=OK", [textTag("otel.status_code", "OK")], 1],
    ["no word about it", [], 0],
  ])("have their status from %s", (_, tags, statusCode) => {
    const { span } = only(thriftBatch(spanStruct({ more: [listField(10, tags)] })));
    expect([span.statusCode, span.attributes.size]).toEqual([statusCode, 0]);
  });

  it("keep a tag named error that is no flag, and know the older name of the scope", () => {
    const tags = [textTag("error", "disk full"), textTag("otel.library.name", "old"), textTag("span.kind", "SERVER")];
    const { scope, span } = only(thriftBatch(spanStruct({ more: [listField(10, tags)] })));
    expect([scope, span.kind, span.statusCode]).toEqual(["old", 2, 0]);
    expect(span.attributes).toEqual(new Map([["error", "disk full"]]));
  });

  it("may send fields in any order, unknown fields, and a value before its type", () => {
    const tag = structOf(textField(3, "v"), i64Field(99, 1n), i32Field(2, 0), textField(1, "k"));
    const unknown = field(
      13,
      50,
      Buffer.concat([
        Buffer.from([11, 15, 0, 0, 0, 1]),
        Buffer.from("\0\0\0\x01k"),
        Buffer.from([3, 0, 0, 0, 2, 1, 2]),
      ]),
    );
    const span = spanStruct({ more: [unknown, listField(10, [tag])] });
    const { span: read } = only(structOf(listField(2, [span]), structField(77, structOf()), processField()));
    expect(read.attributes).toEqual(new Map([["k", "v"]]));
  });

  it("leave a value unknown when the field of its type did not come", () => {
    const tags = listField(10, [structOf(textField(1, "k"), i32Field(2, 3), textField(3, "not a number"))]);
    expect(only(thriftBatch(spanStruct({ more: [tags] }))).span.attributes).toEqual(new Map([["k", null]]));
  });
});

describe("hostile bodies", () => {
  const deep = (depth: number): Buffer => {
    let inner = structOf();
    for (let i = 0; i < depth; i++) inner = structOf(structField(50, inner));
    return structOf(structField(50, inner), processField(), listField(2, []));
  };

  it.each<[string, () => Uint8Array, string]>([
    ["nothing", () => new Uint8Array(), "PAYLOAD_MALFORMED"],
    ["an empty struct", () => structOf(), "PAYLOAD_MALFORMED"],
    ["no spans", () => structOf(processField()), "PAYLOAD_MALFORMED"],
    ["no process", () => structOf(listField(2, [])), "PAYLOAD_MALFORMED"],
    ["a message envelope", () => Buffer.concat([Buffer.from([0x80, 1, 0, 1]), thriftBatch()]), "PAYLOAD_MALFORMED"],
    ["bytes behind the batch", () => Buffer.concat([thriftBatch(), thriftBatch()]), "PAYLOAD_MALFORMED"],
    ["a negative length", () => structOf(field(11, 50, Buffer.from([255, 255, 255, 255]))), "PAYLOAD_MALFORMED"],
    ["a length of 2^31-1", () => structOf(field(11, 50, Buffer.from([127, 255, 255, 255]))), "PAYLOAD_MALFORMED"],
    ["a list of 2^31-1 structs", () => structOf(listField(2, [], 12, 2 ** 31 - 1)), "PAYLOAD_MALFORMED"],
    [
      "a map of 2^31-1 doubles",
      () => structOf(field(13, 9, Buffer.from([4, 4, 127, 255, 255, 255]))),
      "PAYLOAD_MALFORMED",
    ],
    [
      "spans that are numbers",
      () => structOf(processField(), listField(2, [Buffer.alloc(8)], 10)),
      "PAYLOAD_MALFORMED",
    ],
    ["a type that is none", () => structOf(field(99, 9, Buffer.alloc(9))), "PAYLOAD_MALFORMED"],
    ["a list of a type that is none", () => structOf(listField(9, [Buffer.alloc(9)], 1, 3)), "PAYLOAD_MALFORMED"],
    [
      "20,001 empty spans",
      () =>
        structOf(
          processField(),
          listField(2, [Buffer.alloc(LIMITS.spansPerRequest + 1)], 12, LIMITS.spansPerRequest + 1),
        ),
      "PAYLOAD_TOO_LARGE",
    ],
    [
      "a list nobody asked for, of a million bytes",
      () => structOf(listField(9, [Buffer.alloc(LIMITS.messagesPerRequest + 1)], 3, LIMITS.messagesPerRequest + 1)),
      "PAYLOAD_TOO_LARGE",
    ],
    [
      "a million empty structs in a list nobody asked for",
      () => structOf(listField(9, [Buffer.alloc(LIMITS.messagesPerRequest + 1)], 12, LIMITS.messagesPerRequest + 1)),
      "PAYLOAD_TOO_LARGE",
    ],
    ["16 levels of structs", () => deep(16), "PAYLOAD_MALFORMED"],
    [
      "100,000 levels of lists",
      () => structOf(field(15, 9, Buffer.alloc(500_000, Buffer.from([15, 0, 0, 0, 1])))),
      "PAYLOAD_MALFORMED",
    ],
  ])("with %s are refused", (_, bytes, code) => {
    expect(codeOf(bytes())).toBe(code);
  });

  it("may nest fifteen levels", () => {
    expect(codeOf(deep(14))).toBe("decoded");
  });

  it.each([1, 2, 3, 4, 5, 7, 8, 9])("without field %i of a span are refused", (without) => {
    expect(codeOf(thriftBatch(spanStruct({ without })))).toBe("PAYLOAD_MALFORMED");
  });

  it("lose what is beyond the limits of a span, and say how much", () => {
    const logs = Array.from({ length: LIMITS.eventsPerSpan + 5 }, () => structOf(i64Field(1, 1n), listField(2, [])));
    const reference = structOf(i32Field(1, 1), i64Field(2, 5n), i64Field(3, 5n), i64Field(4, 5n));
    const references = Array.from({ length: LIMITS.linksPerSpan + 2 }, () => reference);
    const bytes = thriftBatch(spanStruct({ more: [listField(11, logs), listField(6, references)] }));
    const { span } = only(bytes);
    expect([span.events.length, span.links.length]).toEqual([LIMITS.eventsPerSpan, LIMITS.linksPerSpan]);
    expect(decodeJaegerThrift(bytes).droppedItems).toBe(7);
  });

  it("are a batch or an error of ours, whatever byte is changed, cut or added", () => {
    const whole = encodeJaegerBatch({ "service.name": "shop" }, [SENT, SENT]);
    const change = fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), fc.nat(whole.length), (changes, length) => {
        const bytes = whole.slice(0, Math.max(1, length));
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        expect(["decoded", "PAYLOAD_MALFORMED", "PAYLOAD_TOO_LARGE"]).toContain(codeOf(bytes));
      }),
      { numRuns: 2_000 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(["decoded", "PAYLOAD_MALFORMED", "PAYLOAD_TOO_LARGE"]).toContain(codeOf(bytes));
      }),
      { numRuns: 1_000 },
    );
  });

  it("keep keys like __proto__ as keys, and turn broken UTF-8 into U+FFFD", () => {
    const tags = listField(10, [
      textTag("__proto__", "polluted"),
      structOf(textField(1, "k"), i32Field(2, 0), textField(3, Uint8Array.of(0x61, 0xff))),
    ]);
    expect(only(thriftBatch(spanStruct({ more: [tags] }))).span.attributes).toEqual(
      new Map([
        ["__proto__", "polluted"],
        ["k", "a\uFFFD"],
      ]),
    );
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });
});

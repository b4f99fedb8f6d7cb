import { isDeepStrictEqual } from "node:util";
import { decodeJaegerThrift } from "../../../packages/server/src/codecs/jaeger-thrift.ts";
import { field, spanStruct, textField, thriftBatch } from "../../../packages/server/src/testing/thrift-bytes.ts";
import { encodeJaegerBatch, type JaegerSpan } from "../../../packages/core/src/wire/jaeger-thrift.ts";
import { createRandom, seedOf } from "../harness/random.ts";
import { CANARY, must, orRefused, type FuzzTarget } from "../harness/target.ts";

const SPAN: JaegerSpan = {
  name: "chat",
  kind: 2,
  spanContext: () => ({ traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331", traceFlags: 1 }),
  parentSpanContext: { spanId: "00f067aa0ba902b7" },
  startTime: [1_700_000_000, 5_000],
  endTime: [1_700_000_001, 0],
  status: { code: 2, message: CANARY },
  attributes: { text: CANARY, double: 0.5, integer: 7, bool: true, list: ["a", 1] },
  events: [{ name: "event", time: [1_700_000_000, 9_000], attributes: { a: "b" } }],
  links: [{ context: { traceId: "0af7651916cd43dd8448eb211c80319d", spanId: "b7ad6b7169203332" } }],
  instrumentationScope: { name: "scope", version: "1" },
  droppedAttributesCount: 0,
  droppedEventsCount: 0,
  droppedLinksCount: 0,
};

/** Fields that no version of the IDL has, one of each type. */
const UNKNOWN_FIELDS: readonly Uint8Array[] = [
  textField(900, CANARY),
  field(2, 900, new Uint8Array([1])),
  field(12, 900, Buffer.concat([textField(1, "inner"), Buffer.from([0])])),
  field(15, 900, Buffer.from([3, 0, 0, 0, 2, 7, 7])),
  field(13, 900, Buffer.from([3, 11, 0, 0, 0, 1, 7, 0, 0, 0, 1, 65])),
];

/** Jaeger thrift: unknown fields change nothing, and no beginning of a batch passes for a batch. */
export const jaegerThrift: FuzzTarget = {
  seeds: () => [
    encodeJaegerBatch({ "service.name": "shop", host: "a" }, [SPAN, SPAN]).slice(),
    new Uint8Array(thriftBatch(spanStruct(), spanStruct({ more: UNKNOWN_FIELDS }))),
  ],
  dictionary: [
    "\x0c\x00\x01",
    "\x0f\x00\x02\x0c\x00\x00\x00\x01",
    "\x0b\x00\x01\x00\x00\x00\x00",
    "\x0d\x00\x01\x0b\x0b",
  ],
  run(input) {
    const batch = orRefused(() => decodeJaegerThrift(input));
    if (batch === undefined) return;
    for (const unknown of UNKNOWN_FIELDS) {
      const more = orRefused(() => decodeJaegerThrift(Buffer.concat([unknown, input])));
      must(isDeepStrictEqual(more, batch), "an unknown field changes the batch");
    }
    const shorter = input.subarray(0, createRandom(seedOf(input)).below(input.length));
    must(orRefused(() => decodeJaegerThrift(shorter)) === undefined, "a part of a batch passes for a batch");
  },
};

import { isDeepStrictEqual } from "node:util";
import { jsonDepthExceeds, type AttributeMap, type AttributeValue } from "@nexent/monitor-core";
import { countJson, decodeTracesJson } from "../../../packages/server/src/codecs/otlp-json.ts";
import { countProtobuf } from "../../../packages/server/src/codecs/otlp-protobuf.ts";
import { decodeMetricsJson } from "../../../packages/server/src/codecs/otlp-metrics-json.ts";
import { decodeMetricsProtobuf } from "../../../packages/server/src/codecs/otlp-metrics-protobuf.ts";
import { decodeTracesProtobuf } from "../../../packages/server/src/codecs/otlp-traces.ts";
import type { TelemetryBatch, TelemetrySpan } from "../../../packages/server/src/codecs/telemetry-batch.ts";
import { encodeJson, encodeProtobuf } from "../../../packages/server/src/testing/otlp-encode.ts";
import { callAttributes, idsOf, telemetryBatch, telemetrySpan } from "../../../packages/server/src/testing/spans.ts";
import { CANARY, must, orRefused, type FuzzTarget } from "../harness/target.ts";

const NANOS = 1_700_000_000_000_000_000n;
const ALL_KINDS = new Map<string, AttributeValue>([
  ["text", CANARY],
  ["integer", 42],
  ["large", 2n ** 62n],
  ["negative", -7],
  ["double", 0.25],
  ["bool", true],
  ["bytes", new Uint8Array([0, 255, 128])],
  ["nothing", null],
  ["list", ["a", 1, [false]]],
  ["map", new Map<string, AttributeValue>([["__proto__", new Map([["constructor", "x"]])]])],
]);

/** Batches as senders write them; the fuzzer's rows. */
export const BATCHES: readonly TelemetryBatch[] = [
  telemetryBatch([
    telemetrySpan({ startUnixNanos: NANOS, attributes: callAttributes({ "gen_ai.usage.output_tokens": 7 }) }),
  ]),
  telemetryBatch([
    telemetrySpan({ startUnixNanos: NANOS, attributes: ALL_KINDS, statusCode: 2, statusMessage: CANARY }),
  ]),
  telemetryBatch(
    [0, 1].map((index) =>
      telemetrySpan({
        ...idsOf(index),
        startUnixNanos: NANOS,
        events: [{ timeUnixNanos: NANOS, name: "event", attributes: ALL_KINDS }],
        links: [{ ...idsOf(9), attributes: new Map() }],
      }),
    ),
  ),
];

/** What both encodings can carry: hex ids of whole bytes, enumerations of 32 bits, whole characters, no negative zero. */
function isPortable(value: unknown): boolean {
  if (typeof value === "string") return value.isWellFormed();
  if (typeof value === "number") return !Object.is(value, -0);
  if (value instanceof Uint8Array || typeof value !== "object" || value === null) return true;
  if (value instanceof Map) return [...(value as AttributeMap)].every((pair) => isPortable(pair));
  return Object.values(value).every(isPortable);
}

function isPortableSpan(span: TelemetrySpan): boolean {
  const ids = [
    span.traceId,
    span.spanId,
    span.parentSpanId,
    ...span.links.flatMap((link) => [link.traceId, link.spanId]),
  ];
  const enums = [span.kind, span.statusCode];
  return (
    ids.every((id) => /^([0-9a-f]{2})*$/.test(id)) &&
    enums.every((value) => Math.abs(value) < 2 ** 31) &&
    span.flags >= 0 &&
    isPortable(span)
  );
}

/** Equal rows, whichever way the same message comes. */
function sameBothWays(batch: TelemetryBatch): void {
  const { resources } = batch;
  if (
    !resources.every(({ attributes, scopes }) => isPortable(attributes) && scopes.every(({ name }) => isPortable(name)))
  )
    return;
  if (!resources.every(({ scopes }) => scopes.every(({ spans }) => spans.every(isPortableSpan)))) return;
  const asJson = orRefused(() => decodeTracesJson(Buffer.from(encodeJson(batch))));
  const asProtobuf = orRefused(() => decodeTracesProtobuf(encodeProtobuf(batch)));
  must(asJson !== undefined && asProtobuf !== undefined, "what was read is refused when it is written again");
  must(isDeepStrictEqual(asJson.resources, resources), "JSON gives other rows");
  must(isDeepStrictEqual(asProtobuf.resources, resources), "protobuf gives other rows");
}

/** OTLP protobuf: equal rows when the same message is sent as JSON. */
export const otlpProtobuf: FuzzTarget = {
  seeds: () => BATCHES.map(encodeProtobuf),
  dictionary: ["\x0a\x00", "\x12\x02\x0a\x00", "\x2a\x04\x2a\x02\x0a\x00", "\x32\x02\x0a\x00", "\xff\xff\xff\xff\x0f"],
  run(input) {
    const batch = orRefused(() => decodeTracesProtobuf(input));
    if (batch !== undefined) sameBothWays(batch);
    for (const signal of ["metrics", "logs"] as const) orRefused(() => countProtobuf(signal, input));
    orRefused(() => decodeMetricsProtobuf(input));
  },
};

/** OTLP JSON: as protobuf, and the depth scan agrees with a naive depth count. */
export const otlpJson: FuzzTarget = {
  seeds: () => [
    ...BATCHES.map((batch) => new Uint8Array(Buffer.from(encodeJson(batch)))),
    ...[
      { resourceLogs: [{ scopeLogs: [{ logRecords: [{}, {}] }] }] },
      { resourceMetrics: [{ scopeMetrics: [{ metrics: [{ sum: { dataPoints: [{}] } }] }] }] },
    ].map((value) => new Uint8Array(Buffer.from(JSON.stringify(value)))),
  ],
  dictionary: [
    '{"kvlistValue":{"values":[]}}',
    '"intValue":',
    '"\\ud800"',
    '{"arrayValue":{"values":[{}]}}',
    '"doubleValue":"NaN"',
    '\\"',
    "\\\\",
  ],
  run(input) {
    checkDepthScan(new TextDecoder().decode(input));
    const batch = orRefused(() => decodeTracesJson(input));
    if (batch !== undefined) sameBothWays(batch);
    for (const signal of ["metrics", "logs"] as const) orRefused(() => countJson(signal, input));
    orRefused(() => decodeMetricsJson(input));
  },
};

function checkDepthScan(text: string): void {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return;
  }
  const depth = depthOf(value);
  must(!jsonDepthExceeds(text, depth), "the depth scan finds more than there is");
  must(depth === 0 || jsonDepthExceeds(text, depth - 1), "the depth scan finds less than there is");
}

/** Level by level, as deep values would break a recursion. */
function depthOf(value: unknown): number {
  let level = [value].filter(isContainer);
  let depth = 0;
  for (; level.length > 0; depth++) level = level.flatMap((item) => Object.values(item)).filter(isContainer);
  return depth;
}

function isContainer(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

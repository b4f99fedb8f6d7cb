/** Our Jaeger encoder, read back by Jaeger's own client library: its IDL and its decoder know nothing of ours. */
import { encodeJaegerBatch, type JaegerAttributes, type JaegerSpan } from "@nexent/monitor-core";
import fc from "fast-check";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { expect, it } from "vitest";

/** Loads as `jaeger-client` does: its decoder comes along with it. */
const jaegerClient = join(import.meta.dirname, "node_modules/jaeger-client");
const load = createRequire(join(jaegerClient, "package.json"));

interface DecodedTag {
  readonly key: string;
  readonly vType: "STRING" | "DOUBLE" | "BOOL" | "LONG" | "BINARY";
  readonly vStr: string | null;
  readonly vDouble: number | null;
  readonly vBool: boolean | null;
  readonly vLong: Uint8Array | null;
  readonly vBinary: Uint8Array | null;
}
interface DecodedSpan {
  readonly traceIdLow: Uint8Array;
  readonly traceIdHigh: Uint8Array;
  readonly spanId: Uint8Array;
  readonly parentSpanId: Uint8Array;
  readonly operationName: string;
  readonly references:
    | readonly {
        readonly refType: string;
        readonly traceIdLow: Uint8Array;
        readonly traceIdHigh: Uint8Array;
        readonly spanId: Uint8Array;
      }[]
    | null;
  readonly flags: number;
  readonly startTime: Uint8Array;
  readonly duration: Uint8Array;
  readonly tags: readonly DecodedTag[];
  readonly logs: readonly { readonly timestamp: Uint8Array; readonly fields: readonly DecodedTag[] }[] | null;
}
interface DecodedBatch {
  readonly process: { readonly serviceName: string; readonly tags: readonly DecodedTag[] };
  readonly spans: readonly DecodedSpan[];
}
interface Decoder {
  readonly Thrift: new (options: object) => { readonly Batch: { readonly rw: object } };
  fromBuffer(rw: object, bytes: Buffer): DecodedBatch;
}

/* oxlint-disable typescript/no-unsafe-type-assertion -- packages without types */
const { Thrift } = load("thriftrw") as Pick<Decoder, "Thrift">;
const { fromBuffer } = load("bufrw") as Pick<Decoder, "fromBuffer">;
/* oxlint-enable typescript/no-unsafe-type-assertion */
const source = readFileSync(join(jaegerClient, "dist/src/jaeger-idl/thrift/jaeger.thrift"), "ascii");
const idl = new Thrift({ source, allowOptionalArguments: true });

function hex(digits: number): fc.Arbitrary<string> {
  return fc
    .uint8Array({ minLength: digits / 2, maxLength: digits / 2 })
    .map((bytes) => Buffer.from(bytes).toString("hex"));
}

/** Texts with every kind of character, some longer than any fast path. */
const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 60 }),
  fc.string({ unit: "grapheme", maxLength: 30 }),
  fc.string({ unit: "binary-ascii", minLength: 40, maxLength: 200 }),
);
const value = fc.oneof(
  text,
  fc.boolean(),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double(),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.bigInt({ min: 2n ** 63n, max: 2n ** 80n }),
  fc.uint8Array({ maxLength: 20 }),
  fc.array(text, { maxLength: 4 }),
  fc.array(fc.maxSafeInteger(), { maxLength: 4 }),
  fc.constantFrom(undefined, null),
);
/** As OpenTelemetry keeps them: own keys, without a prototype in the way. */
const attributes: fc.Arbitrary<JaegerAttributes> = fc
  .uniqueArray(fc.tuple(text, value), { selector: ([key]) => key, maxLength: 8 })
  .map((entries) => Object.fromEntries(entries));
const time = fc.tuple(fc.integer({ min: 0, max: 4_000_000_000 }), fc.integer({ min: 0, max: 999_999_999 }));
const spans: fc.Arbitrary<JaegerSpan> = fc.record({
  name: text,
  kind: fc.integer({ min: 0, max: 4 }),
  spanContext: fc
    .record({ traceId: hex(32), spanId: hex(16), traceFlags: fc.constantFrom(0, 1, 3) })
    .map((context) => () => context),
  parentSpanContext: fc.option(fc.record({ spanId: hex(16) }), { nil: undefined }),
  startTime: time,
  endTime: time,
  status: fc.record({ code: fc.constantFrom(0, 1, 2), message: fc.option(text, { nil: undefined }) }),
  attributes,
  events: fc.array(fc.record({ name: text, time, attributes: fc.option(attributes, { nil: undefined }) }), {
    maxLength: 4,
  }),
  links: fc.array(fc.record({ context: fc.record({ traceId: hex(32), spanId: hex(16) }) }), { maxLength: 3 }),
  instrumentationScope: fc.record({ name: text, version: fc.option(text, { nil: undefined }) }),
  droppedAttributesCount: fc.nat(5),
  droppedEventsCount: fc.nat(5),
  droppedLinksCount: fc.nat(5),
});

const micros = ([seconds, nanos]: readonly [number, number]): bigint =>
  BigInt(seconds) * 1_000_000n + BigInt(Math.round(nanos / 1000));
const numberOf = (bytes: Uint8Array): bigint => Buffer.from(bytes).readBigInt64BE(0);
const hexOf = (...parts: readonly Uint8Array[]): string => Buffer.concat(parts).toString("hex");
/** A lone surrogate has no UTF-8. */
const wellFormed = (given: string): string => Buffer.from(given).toString();

/** A tag as type and value, the other value fields being absent. */
function plainTag(tag: DecodedTag): readonly [string, string, unknown] {
  const { vStr, vDouble, vBool, vLong, vBinary } = tag;
  const present = Object.entries({ STRING: vStr, DOUBLE: vDouble, BOOL: vBool, LONG: vLong, BINARY: vBinary }).filter(
    ([, one]) => one !== null,
  );
  expect(present.map(([type]) => type)).toEqual([tag.vType]);
  const [, found] = present[0] ?? [];
  return [
    tag.key,
    tag.vType,
    found instanceof Uint8Array ? (tag.vType === "LONG" ? numberOf(found) : hexOf(found)) : found,
  ];
}

/** What the mapping of the measurement contract makes of an attribute value. */
function expectedTag(key: string, given: unknown): readonly (readonly [string, string, unknown])[] {
  if (given === undefined || given === null) return [];
  if (typeof given === "string") return [[key, "STRING", wellFormed(given)]];
  if (typeof given === "boolean") return [[key, "BOOL", given]];
  if (typeof given === "bigint" && BigInt.asIntN(64, given) === given) return [[key, "LONG", given]];
  if (typeof given === "bigint") return [[key, "STRING", String(given)]];
  if (typeof given === "number" && Number.isSafeInteger(given)) return [[key, "LONG", BigInt(given)]];
  if (typeof given === "number") return [[key, "DOUBLE", given]];
  if (given instanceof Uint8Array) return [[key, "BINARY", hexOf(given)]];
  return [[key, "STRING", JSON.stringify(given)]];
}

function expectedTags(given: JaegerAttributes): readonly (readonly [string, string, unknown])[] {
  return Object.entries(given).flatMap(([key, one]) => expectedTag(wellFormed(key), one));
}

const KINDS = ["internal", "server", "client", "producer", "consumer"];

/** The tags behind the attributes: what Jaeger has no field for. */
function addedTags({ kind, status, instrumentationScope: scope, ...span }: JaegerSpan) {
  return [
    ...expectedTag("span.kind", KINDS[kind]),
    ...expectedTag("otel.status_code", [undefined, "OK", "ERROR"][status.code]),
    ...expectedTag("error", status.code === 2 ? true : undefined),
    ...expectedTag("otel.status_description", status.code === 2 ? status.message || undefined : undefined),
    ...expectedTag("otel.scope.name", scope.name || undefined),
    ...expectedTag("otel.scope.version", scope.version || undefined),
    ...expectedTag("otel.dropped_attributes_count", span.droppedAttributesCount || undefined),
    ...expectedTag("otel.dropped_events_count", span.droppedEventsCount || undefined),
    ...expectedTag("otel.dropped_links_count", span.droppedLinksCount || undefined),
  ];
}

function expectEqual(decoded: DecodedSpan, span: JaegerSpan): void {
  const { traceId, spanId, traceFlags } = span.spanContext();
  expect(hexOf(decoded.traceIdHigh, decoded.traceIdLow)).toBe(traceId);
  expect(hexOf(decoded.spanId)).toBe(spanId);
  expect(hexOf(decoded.parentSpanId)).toBe(span.parentSpanContext?.spanId ?? "0".repeat(16));
  expect(decoded.operationName).toBe(wellFormed(span.name));
  expect(decoded.flags).toBe(traceFlags & 1);
  const [start, end] = [micros(span.startTime), micros(span.endTime)];
  expect(numberOf(decoded.startTime)).toBe(start);
  expect(numberOf(decoded.duration)).toBe(end > start ? end - start : 0n);
  expect(
    (decoded.references ?? []).map((ref) => [ref.refType, hexOf(ref.traceIdHigh, ref.traceIdLow), hexOf(ref.spanId)]),
  ).toEqual(span.links.map(({ context }) => ["FOLLOWS_FROM", context.traceId, context.spanId]));
  expect(decoded.tags.map(plainTag)).toEqual([...expectedTags(span.attributes), ...addedTags(span)]);
  expect((decoded.logs ?? []).map((log) => [numberOf(log.timestamp), log.fields.map(plainTag)])).toEqual(
    span.events.map((event) => [
      micros(event.time),
      [...expectedTag("event", event.name), ...expectedTags(event.attributes ?? {})],
    ]),
  );
}

it("decodes field by field to the spans that were encoded, whatever they hold", () => {
  fc.assert(
    fc.property(attributes, fc.array(spans, { maxLength: 4 }), (resource, batch) => {
      const named: JaegerAttributes = { ...resource, "service.name": "shop ⏱" };
      const decoded = fromBuffer(idl.Batch.rw, Buffer.from(encodeJaegerBatch(named, batch)));
      expect(decoded.process.serviceName).toBe("shop ⏱");
      expect(decoded.process.tags.map(plainTag)).toEqual(expectedTags(resource));
      expect(decoded.spans).toHaveLength(batch.length);
      for (const [i, span] of batch.entries()) {
        const one = decoded.spans[i];
        if (one === undefined) throw new Error("a span is missing");
        expectEqual(one, span);
      }
    }),
    { numRuns: 400 },
  );
});

import { readLlmFields, type AttributeMap, type AttributeValue } from "@nexent/monitor-core";
import { z } from "zod";
import type { ObservedRecord } from "./evidence.ts";

/** Attribute by which a play made through the SDK is found again. */
export const PLAY_ATTRIBUTE = "nexent.verify.play";

const attributesSchema = z.array(z.looseObject({ key: z.string(), value: z.unknown() })).default([]);

/** OTLP's AnyValue; 64-bit integers come as text. */
const anyValueSchema = z.looseObject({
  stringValue: z.string().optional(),
  boolValue: z.boolean().optional(),
  intValue: z.union([z.string(), z.number()]).optional(),
  doubleValue: z.union([z.string(), z.number()]).optional(),
  arrayValue: z.looseObject({ values: z.array(z.unknown()).default([]) }).optional(),
});

const spanSchema = z.looseObject({
  traceId: z.string(),
  startTimeUnixNano: z.union([z.string(), z.number()]),
  endTimeUnixNano: z.union([z.string(), z.number()]),
  attributes: attributesSchema,
});

const payloadSchema = z.looseObject({
  resourceSpans: z
    .array(
      z.looseObject({ scopeSpans: z.array(z.looseObject({ spans: z.array(spanSchema).default([]) })).default([]) }),
    )
    .default([]),
});

/** The LLM records of an OTLP/JSON trace payload; spans that are no LLM call are left out. @throws on another shape. */
export function readObservedRecords(payload: unknown): readonly ObservedRecord[] {
  return payloadSchema
    .parse(payload)
    .resourceSpans.flatMap((resource) => resource.scopeSpans)
    .flatMap((scope) => scope.spans)
    .flatMap((span) => recordOf(span) ?? []);
}

function recordOf(span: z.output<typeof spanSchema>): ObservedRecord | undefined {
  const attributes = toAttributeMap(span.attributes);
  const fields = readLlmFields(attributes);
  // Every LLM span of ours says how it ended; SERVER and application spans do not.
  if (fields?.outcome === undefined) return undefined;
  const playId = attributes.get(PLAY_ATTRIBUTE);
  const nanos = BigInt(span.endTimeUnixNano) - BigInt(span.startTimeUnixNano);
  return {
    playId: typeof playId === "string" ? playId : span.traceId,
    fields,
    durationSeconds: Number(nanos) / 1e9,
  };
}

function toAttributeMap(attributes: z.output<typeof attributesSchema>): AttributeMap {
  return new Map(
    attributes.flatMap(({ key, value }) => {
      const read = toAttributeValue(value);
      return read === undefined ? [] : ([[key, read]] as const);
    }),
  );
}

function toAttributeValue(value: unknown): AttributeValue | undefined {
  const parsed = anyValueSchema.safeParse(value);
  if (!parsed.success) return undefined;
  const { stringValue, boolValue, intValue, doubleValue, arrayValue } = parsed.data;
  const number = intValue ?? doubleValue;
  if (number !== undefined) return Number(number);
  return stringValue ?? boolValue ?? arrayValue?.values.flatMap((item) => toAttributeValue(item) ?? []);
}

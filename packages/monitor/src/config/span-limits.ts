import type { EnvironmentReader, NumberRange } from "./readers.ts";

/** Bounds of one span, by the names of OpenTelemetry's SDK. */
export interface SpanLimits {
  readonly attributeCountLimit: number;
  readonly eventCountLimit: number;
  readonly linkCountLimit: number;
  readonly attributePerEventCountLimit: number;
  readonly attributePerLinkCountLimit: number;
  /** Longest text of an attribute, characters; absent: no bound. */
  readonly attributeValueLengthLimit?: number;
}

const DEFAULT_COUNT = 128;
const COUNT: NumberRange = { min: 0, integer: true };

/** `OTEL_SPAN_*_LIMIT` and the like; a bound of spans alone wins over the one of all attributes. */
export function readSpanLimits(reader: EnvironmentReader): SpanLimits {
  const count = (variable: string): number | undefined => reader.number(variable, COUNT);
  const characters = (variable: string): number | undefined => reader.number(variable, { min: 1, integer: true });
  const general = characters("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT");
  const length = characters("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT") ?? general;
  const ofAll = count("OTEL_ATTRIBUTE_COUNT_LIMIT");
  const attributes = count("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT") ?? ofAll;
  return {
    attributeCountLimit: attributes ?? DEFAULT_COUNT,
    eventCountLimit: count("OTEL_SPAN_EVENT_COUNT_LIMIT") ?? DEFAULT_COUNT,
    linkCountLimit: count("OTEL_SPAN_LINK_COUNT_LIMIT") ?? DEFAULT_COUNT,
    attributePerEventCountLimit: count("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT") ?? DEFAULT_COUNT,
    attributePerLinkCountLimit: count("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT") ?? DEFAULT_COUNT,
    ...(length !== undefined && { attributeValueLengthLimit: length }),
  };
}

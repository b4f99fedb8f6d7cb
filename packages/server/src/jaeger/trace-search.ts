import { SPAN_KINDS, STATUS_CODES, type SpanKind, type StatusCode } from "@nexent/monitor-core";
import type { AttributeCondition, SpanFilter, TimeRange } from "@nexent/monitor-store";
import { ApiFault, badParameter } from "./api-fault.ts";
import {
  attributeOf,
  attributesOf,
  countOf,
  durationOf,
  flagOf,
  microsOf,
  rfc3339Of,
  traceIdOf,
} from "./query-params.ts";

/** What a caller searches for. */
export interface TraceSearch {
  readonly filter: SpanFilter;
  readonly limit: number;
}

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1_000;
/** Range of a v1 search that names no start. */
const DEFAULT_LOOKBACK_NANOS = 2n * 86_400n * 1_000_000_000n;
/** Everything ever stored. */
export const EVER: TimeRange = { fromUnixNanos: 0n, toUnixNanos: 2n ** 63n - 1n };

/** The search of `GET /api/traces`; times in microseconds. @throws {ApiFault} */
export function searchOfV1(params: URLSearchParams, nowUnixNanos: bigint): TraceSearch {
  const get = (name: string): string | undefined => params.get(name) ?? undefined;
  const service = get("service") ?? "";
  if (service === "") throw new ApiFault(400, "parameter 'service' is required");
  const to = microsOf("end", get("end")) ?? nowUnixNanos;
  const from = microsOf("start", get("start")) ?? (to > DEFAULT_LOOKBACK_NANOS ? to - DEFAULT_LOOKBACK_NANOS : 0n);
  const attributes = params.getAll("tag").map((text) => attributeOf("tag", text));
  for (const text of params.getAll("tags")) attributes.push(...attributesOf("tags", text));
  flagOf("raw", get("raw"));
  return search({
    range: rangeOf(from, to),
    service,
    name: get("operation"),
    min: durationOf("minDuration", get("minDuration")),
    max: durationOf("maxDuration", get("maxDuration")),
    attributes,
    limit: countOf("limit", get("limit")),
  });
}

/** Traces that `GET /api/traces` asks for by id; none = a search. @throws {ApiFault} */
export function traceIdsOf(params: URLSearchParams): readonly string[] {
  const ids = params.getAll("traceID").map((text) => traceIdOf("traceID", text));
  if (ids.length > MAX_LIMIT) throw badParameter("traceID", `at most ${MAX_LIMIT} traces at once`);
  return [...new Set(ids)];
}

/** The search of the v3 routes; names in camelCase or snake_case. @throws {ApiFault} */
export function searchOfV3(params: URLSearchParams): TraceSearch {
  const get = (camel: string): string | undefined => {
    const snake = camel.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    return params.get(`query.${camel}`) ?? params.get(`query.${snake}`) ?? undefined;
  };
  if ((get("filter") ?? "") !== "") throw new ApiFault(501, "query.filter is not supported; use query.attributes");
  flagOf("query.rawTraces", get("rawTraces"));
  const from = rfc3339Of("query.startTimeMin", get("startTimeMin"));
  const to = rfc3339Of("query.startTimeMax", get("startTimeMax"));
  if (from === undefined || to === undefined) {
    throw new ApiFault(400, "query.startTimeMin and query.startTimeMax are required");
  }
  const attributes = get("attributes");
  return search({
    range: rangeOf(from, to),
    service: get("serviceName"),
    name: get("operationName"),
    min: durationOf("query.durationMin", get("durationMin")),
    max: durationOf("query.durationMax", get("durationMax")),
    attributes: attributes === undefined || attributes === "" ? [] : attributesOf("query.attributes", attributes),
    limit: countOf("query.searchDepth", get("searchDepth") ?? get("numTraces")),
  });
}

/** A search range as Jaeger means it. @throws {ApiFault} */
function rangeOf(fromUnixNanos: bigint, endUnixNanos: bigint): TimeRange {
  if (fromUnixNanos > endUnixNanos) throw new ApiFault(400, "the search ends before it starts");
  // Both ends belong to Jaeger's range; ours is half-open.
  return { fromUnixNanos, toUnixNanos: endUnixNanos + 1n };
}

interface Wanted {
  readonly range: TimeRange;
  readonly service: string | undefined;
  readonly name: string | undefined;
  readonly min: bigint | undefined;
  readonly max: bigint | undefined;
  readonly attributes: readonly AttributeCondition[];
  readonly limit: number | undefined;
}

function search({ range, service = "", name = "", min, max, attributes, limit = DEFAULT_LIMIT }: Wanted): TraceSearch {
  if (min !== undefined && max !== undefined && min > max) {
    throw new ApiFault(400, "'maxDuration' should be greater than 'minDuration'");
  }
  const { plain, promoted } = splitAttributes(attributes);
  return {
    limit: Math.min(limit, MAX_LIMIT),
    filter: {
      range,
      ...(service === "" ? {} : { service }),
      ...(name === "" ? {} : { name }),
      ...(min === undefined ? {} : { minDurationNanos: min }),
      ...(max === undefined ? {} : { maxDurationNanos: max }),
      ...promoted,
      attributes: plain,
    },
  };
}

/** Tags that Jaeger shows but that are fields of a span: they become conditions on those fields. */
function splitAttributes(attributes: readonly AttributeCondition[]) {
  const plain: AttributeCondition[] = [];
  const promoted: { kind?: SpanKind; status?: StatusCode } = {};
  for (const attribute of attributes) {
    const { key, value } = attribute;
    const kind = key === "span.kind" ? spanKindOf(value) : undefined;
    const status = key === "otel.status_code" ? STATUS_CODES.find((code) => code === value.toLowerCase()) : undefined;
    if (kind !== undefined) promoted.kind = kind;
    else if (status !== undefined) promoted.status = status;
    else if (key === "error" && value === "true") promoted.status = "error";
    else plain.push(attribute);
  }
  return { plain, promoted };
}

/** A span kind by its lower-case name; `undefined` for any other text. */
export function spanKindOf(text: string): SpanKind | undefined {
  return SPAN_KINDS.find((kind) => kind === text.toLowerCase());
}

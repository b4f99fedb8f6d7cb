import { ATTR, type AttributeValue, type SpanRecord } from "@nexent/monitor-core";

/** 2026-11-24T10:00:00Z, Unix nanoseconds: where sample spans begin. */
export const SAMPLE_START = 1_795_514_400_000_000_000n;
export const SECOND = 1_000_000_000n;
export const HOUR = 3_600n * SECOND;
export const DAY = 24n * HOUR;

/** What a sample LLM call says; absent attributes are unknown. */
export interface SampleCall {
  readonly model?: string;
  readonly provider?: string;
  readonly operation?: string;
  readonly outcome?: "ok" | "error" | "cancelled" | "abandoned";
  readonly errorType?: string;
  readonly service?: string;
  readonly ttftSeconds?: number;
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  readonly startUnixNanos?: bigint;
  readonly durationNanos?: bigint;
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
}

/** Trace id number `n`; odd ones have the top bit set. */
export function traceIdOf(n: number): string {
  return (n % 2 === 0 ? "0" : "f") + n.toString(16).padStart(31, "0");
}

/** Span id number `n`; odd ones have the top bit set. */
export function spanIdOf(n: number): string {
  return (n % 2 === 0 ? "0" : "e") + n.toString(16).padStart(15, "0");
}

/** A finished span that is no LLM call, number `n`, in a trace of its own. */
export function sampleSpan(n: number, overrides: Partial<SpanRecord> = {}): SpanRecord {
  return {
    traceId: traceIdOf(n),
    spanId: spanIdOf(n),
    flags: 1,
    name: "GET /items",
    kind: "server",
    startUnixNanos: SAMPLE_START + BigInt(n) * SECOND,
    durationNanos: 250_000_000n,
    status: "unset",
    resource: { service: "shop", attributes: new Map([["service.name", "shop"]]) },
    attributes: new Map(),
    events: [],
    links: [],
    ...overrides,
  };
}

/** The same span before it had an end. */
export function withoutEnd(span: SpanRecord): SpanRecord {
  const { durationNanos: _end, ...open } = span;
  return open;
}

/** A finished LLM call, number `n`. */
export function sampleCall(n: number, call: SampleCall = {}): SpanRecord {
  const service = call.service ?? "shop";
  const attributes = new Map<string, AttributeValue>([[ATTR.llmOutcome, call.outcome ?? "ok"]]);
  const values: readonly (readonly [string, AttributeValue | undefined])[] = [
    [ATTR.genAiOperationName, call.operation ?? "chat"],
    [ATTR.genAiProviderName, call.provider ?? "openai"],
    [ATTR.genAiRequestModel, call.model ?? "gpt-4"],
    [ATTR.errorType, call.errorType],
    [ATTR.llmTimeToFirstTokenSeconds, call.ttftSeconds],
    [ATTR.genAiUsageInputTokens, call.inputTokens],
    [ATTR.genAiUsageOutputTokens, call.outputTokens],
    ...Object.entries(call.attributes ?? {}),
  ];
  for (const [key, value] of values) if (value !== undefined) attributes.set(key, value);
  return sampleSpan(n, {
    name: "chat gpt-4",
    kind: "client",
    startUnixNanos: call.startUnixNanos ?? SAMPLE_START + BigInt(n) * SECOND,
    durationNanos: call.durationNanos ?? 2n * SECOND,
    status: call.outcome === "error" ? "error" : "unset",
    resource: { service, attributes: new Map([["service.name", service]]) },
    attributes,
  });
}

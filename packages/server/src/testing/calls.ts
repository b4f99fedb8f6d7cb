import { encodeTokenTape, type AttributeValue, type SpanRecord, type TapeEntry } from "@nexent/monitor-core";
import type { TraceStore } from "@nexent/monitor-store";
import { idsOf } from "./spans.ts";

/** A call in words of the product; seconds, tokens/s, milliseconds from the start of the test's time. */
export interface CallSpec {
  readonly startMs: number;
  readonly durationSeconds?: number;
  readonly model?: string;
  readonly outcome?: "ok" | "error" | "cancelled" | "abandoned";
  readonly ttftSeconds?: number;
  readonly lastTokenSeconds?: number;
  readonly rate?: number;
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  readonly tape?: readonly TapeEntry[];
  readonly streaming?: boolean;
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  readonly ids?: { readonly traceId: string; readonly spanId: string; readonly parentSpanId?: string };
}

/** The span of a call, as ingest hands it to the store. */
export function callSpan(index: number, spec: CallSpec): SpanRecord {
  const values: Readonly<Record<string, AttributeValue | undefined>> = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": spec.model ?? "gpt-4o",
    "llm.outcome": spec.outcome ?? "ok",
    "llm.stream": spec.streaming ?? true,
    "error.type": spec.outcome === "error" ? "timeout" : undefined,
    "llm.time_to_first_token_seconds": spec.ttftSeconds,
    "llm.time_to_last_token_seconds": spec.lastTokenSeconds,
    "llm.generation_rate": spec.rate,
    "llm.input_tokens": spec.inputTokens,
    "llm.output_tokens": spec.outputTokens,
    "llm.token_source": spec.outputTokens === undefined ? undefined : "usage",
    "llm.token_tape": spec.tape === undefined ? undefined : encodeTokenTape(spec.tape),
    ...spec.attributes,
  };
  const given = Object.entries(values).filter((entry): entry is [string, AttributeValue] => entry[1] !== undefined);
  return {
    ...(spec.ids ?? idsOf(index)),
    flags: 1,
    name: `chat ${spec.model ?? "gpt-4o"}`,
    kind: "client",
    startUnixNanos: BigInt(spec.startMs) * 1_000_000n,
    durationNanos: BigInt(Math.round((spec.durationSeconds ?? 1) * 1e9)),
    status: spec.outcome === "error" ? "error" : "unset",
    resource: { service: "checkout", attributes: new Map([["service.name", "checkout"]]) },
    attributes: new Map(given),
    events: [],
    links: [],
  };
}

/** Stores calls; indexes make their ids. */
export async function storeCalls(store: TraceStore, specs: readonly CallSpec[]): Promise<void> {
  const outcome = await store.write({ spans: specs.map((spec, index) => callSpan(index, spec)) });
  if (outcome.status !== "accepted") throw new Error(`the store answered ${outcome.status}`);
}

/** Chunks of one token each at a steady pace, microseconds. */
export function steadyTape(options: {
  readonly firstMicros: number;
  readonly gapMicros: number;
  readonly count: number;
}): TapeEntry[] {
  return Array.from({ length: options.count }, (_, index) => ({
    atMicros: options.firstMicros + index * options.gapMicros,
    kind: "text" as const,
    tokens: 1,
  }));
}

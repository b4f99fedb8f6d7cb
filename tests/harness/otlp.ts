import { createHash } from "node:crypto";

/** One generated LLM span, recognisable by run and sequence. */
export interface GeneratedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly sequence: number;
  readonly outputTokens: number;
}

function hex(seed: string, length: number): string {
  return createHash("sha256").update(seed).digest("hex").slice(0, length);
}

/** A deterministic span of a run: same run and sequence, same ids and values. */
export function generatedSpan(run: string, sequence: number): GeneratedSpan {
  return {
    traceId: hex(`${run}/${sequence}/trace`, 32),
    spanId: hex(`${run}/${sequence}/span`, 16),
    sequence,
    outputTokens: 1 + (Number.parseInt(hex(`${run}/${sequence}/tokens`, 6), 16) % 4000),
  };
}

function attribute(key: string, value: string | number): object {
  return { key, value: typeof value === "number" ? { intValue: String(value) } : { stringValue: value } };
}

/** The OTLP/JSON body of one export request. */
export function otlpJson(spans: readonly GeneratedSpan[], service = "load"): object {
  const startNanos = BigInt(Date.now()) * 1_000_000n;
  return {
    resourceSpans: [
      {
        resource: { attributes: [attribute("service.name", service)] },
        scopeSpans: [
          {
            scope: { name: "test" },
            spans: spans.map((span) => ({
              traceId: span.traceId,
              spanId: span.spanId,
              name: "chat generated",
              kind: 3,
              startTimeUnixNano: String(startNanos + BigInt(span.sequence)),
              endTimeUnixNano: String(startNanos + 1_000_000_000n + BigInt(span.sequence)),
              attributes: [
                attribute("gen_ai.operation.name", "chat"),
                attribute("gen_ai.provider.name", "openai"),
                attribute("gen_ai.request.model", "generated"),
                attribute("gen_ai.usage.output_tokens", span.outputTokens),
                attribute("llm.outcome", "ok"),
                attribute("test.sequence", span.sequence),
              ],
              status: {},
            })),
          },
        ],
      },
    ],
  };
}

import { createTokenClock, type ServerTimings } from "@nexent/monitor-core";
import { describe, expect, it } from "vitest";
import { writeEndAttributes } from "./span-attributes.ts";
import { CALL } from "../testing/test-runtime.testing.ts";

/** The `llm.server.*` attributes of a call whose answer reported these timings. */
function serverAttributes(serverTimings: ServerTimings | undefined): Readonly<Record<string, unknown>> {
  const end = { outcome: "ok" } as const;
  const timings = createTokenClock().finish({ ...end, endMicros: 1, streaming: true });
  const all: [string, unknown][] = [];
  const target = { setAttribute: (name: string, value: unknown) => void all.push([name, value]) };
  writeEndAttributes(target, {
    call: CALL,
    end,
    timings,
    serverTimings,
    slow: [],
    lagSeconds: undefined,
    attempts: 0,
    semconv: "v0.1.0",
  });
  return Object.fromEntries(all.filter(([name]) => name.startsWith("llm.server.")));
}

describe("what a server says of itself", () => {
  it("is written under one name each", () => {
    const phase = {
      tokenCount: 36,
      timeToFirstTokenSeconds: 0.1,
      decodeSeconds: 0.2,
      interTokenSeconds: 0.3,
      decodeRateTokensPerSecond: 0.4,
    };
    const attributes = serverAttributes({
      queueSeconds: 1,
      loadSeconds: 2,
      prefillSeconds: 3,
      decodeSeconds: 4,
      totalSeconds: 5,
      interTokenSeconds: 6,
      decodeRateTokensPerSecond: 7,
      endToEndRateTokensPerSecond: 8,
      reasoning: phase,
      content: { ...phase, tokenCount: 20 },
      unclassifiedTokenCount: 9,
    });
    expect(attributes).toEqual({
      "llm.server.queue_seconds": 1,
      "llm.server.load_seconds": 2,
      "llm.server.prefill_seconds": 3,
      "llm.server.decode_seconds": 4,
      "llm.server.total_seconds": 5,
      "llm.server.inter_token_seconds": 6,
      "llm.server.decode_rate": 7,
      "llm.server.end_to_end_rate": 8,
      "llm.server.reasoning.token_count": 36,
      "llm.server.reasoning.time_to_first_token_seconds": 0.1,
      "llm.server.reasoning.decode_seconds": 0.2,
      "llm.server.reasoning.inter_token_seconds": 0.3,
      "llm.server.reasoning.decode_rate": 0.4,
      "llm.server.content.token_count": 20,
      "llm.server.content.time_to_first_token_seconds": 0.1,
      "llm.server.content.decode_seconds": 0.2,
      "llm.server.content.inter_token_seconds": 0.3,
      "llm.server.content.decode_rate": 0.4,
      "llm.server.unclassified_token_count": 9,
    });
  });

  it("is absent where it said nothing, and 0 where it said 0", () => {
    expect(serverAttributes(undefined)).toEqual({});
    expect(serverAttributes({ loadSeconds: 0, content: { tokenCount: 0 } })).toEqual({
      "llm.server.load_seconds": 0,
      "llm.server.content.token_count": 0,
    });
  });
});

import { expect, it } from "vitest";
import type { AttributeValue } from "./model/span-record.ts";
import { readServerTimings } from "./server-timings-reading.ts";

function read(attributes: Readonly<Record<string, AttributeValue>>) {
  return readServerTimings(new Map(Object.entries(attributes)));
}

it("reads every name back into its own field", () => {
  const phase = (name: string): Record<string, number> => ({
    [`llm.server.${name}.token_count`]: 36,
    [`llm.server.${name}.time_to_first_token_seconds`]: 0.1,
    [`llm.server.${name}.decode_seconds`]: 0.2,
    [`llm.server.${name}.inter_token_seconds`]: 0.3,
    [`llm.server.${name}.decode_rate`]: 0.4,
  });
  const phaseTimings = {
    tokenCount: 36,
    timeToFirstTokenSeconds: 0.1,
    decodeSeconds: 0.2,
    interTokenSeconds: 0.3,
    decodeRateTokensPerSecond: 0.4,
  };
  expect(
    read({
      "llm.server.queue_seconds": 1,
      "llm.server.load_seconds": 2,
      "llm.server.prefill_seconds": 3,
      "llm.server.decode_seconds": 4,
      "llm.server.total_seconds": 5,
      "llm.server.inter_token_seconds": 6,
      "llm.server.decode_rate": 7,
      "llm.server.end_to_end_rate": 8,
      ...phase("reasoning"),
      ...phase("content"),
      "llm.server.unclassified_token_count": 9,
    }),
  ).toEqual({
    queueSeconds: 1,
    loadSeconds: 2,
    prefillSeconds: 3,
    decodeSeconds: 4,
    totalSeconds: 5,
    interTokenSeconds: 6,
    decodeRateTokensPerSecond: 7,
    endToEndRateTokensPerSecond: 8,
    reasoning: phaseTimings,
    content: phaseTimings,
    unclassifiedTokenCount: 9,
  });
});

it("keeps a 0 that was said, and leaves out what is absent or no number", () => {
  expect(read({ "llm.server.queue_seconds": 0, "llm.server.decode_rate": 0, "llm.server.load_seconds": "2" })).toEqual({
    queueSeconds: 0,
  });
  expect(read({ "llm.server.queue_seconds": -1, "llm.ttft": 0.5 })).toBeUndefined();
});

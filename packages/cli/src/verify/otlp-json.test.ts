import { expect, it } from "vitest";
import { PLAY_ATTRIBUTE, readObservedRecords } from "./otlp-json.ts";

const text = (key: string, stringValue: string) => ({ key, value: { stringValue } });
const int = (key: string, intValue: number | string) => ({ key, value: { intValue } });

function payload(...attributes: readonly unknown[]): unknown {
  const span = {
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: "b7ad6b7169203331",
    startTimeUnixNano: "1700000000000000000",
    endTimeUnixNano: "1700000001180000000",
    attributes,
  };
  return { resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] };
}

it("reads an LLM record with its numbers and keys it by the trace", () => {
  const attributes = [
    text("llm.outcome", "ok"),
    text("gen_ai.request.model", "m"),
    int("gen_ai.usage.output_tokens", "20"),
    { key: "llm.time_to_first_token_seconds", value: { doubleValue: 0.5 } },
  ];
  expect(readObservedRecords(payload(...attributes))).toEqual([
    {
      playId: "0af7651916cd43dd8448eb211c80319c",
      durationSeconds: 1.18,
      fields: expect.objectContaining({ outcome: "ok", outputTokens: 20, ttftSeconds: 0.5 }),
    },
  ]);
});

it("keys a record by the play attribute when it has one", () => {
  const records = readObservedRecords(
    payload(text("llm.outcome", "ok"), text("gen_ai.request.model", "m"), text(PLAY_ATTRIBUTE, "p1")),
  );
  expect(records.map((record) => record.playId)).toEqual(["p1"]);
});

it("leaves out spans that are no LLM call", () => {
  expect(readObservedRecords(payload(text("http.request.method", "POST")))).toEqual([]);
});

it("refuses a payload of another shape", () => {
  expect(() => readObservedRecords({ resourceSpans: [{ scopeSpans: [{ spans: [{ traceId: 5 }] }] }] })).toThrow(
    "traceId",
  );
});

import { describe, expect, it } from "vitest";
import { systemClock } from "../clock.ts";
import type { Ingest, IngestAnswer, MetricsRequest } from "../ingest/ingest.ts";
import { createPipelineCounters } from "../self/pipeline-counters.ts";
import { createOtlpIntake } from "./otlp-intake.ts";

const TWO_POINTS = Buffer.from('{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"sum":{"dataPoints":[{},{}]}}]}]}]}');
const ONE_RECORD = Buffer.from('{"resourceLogs":[{"scopeLogs":[{"logRecords":[{}]}]}]}');

/** An ingest with a place for metrics that answers as told, and what it was given. */
function withMetrics(answer: IngestAnswer): { readonly ingest: Ingest; readonly given: MetricsRequest[] } {
  const given: MetricsRequest[] = [];
  const ingest: Ingest = {
    traces: () => Promise.reject(new Error("no traces were sent")),
    metrics(request) {
      given.push(request);
      return Promise.resolve(answer);
    },
  };
  return { ingest, given };
}

describe("metrics", () => {
  it("go to ingest as they came when it has a place for them, and are not counted as lost", async () => {
    const { ingest, given } = withMetrics({ status: "accepted", items: 2 });
    const counters = createPipelineCounters(systemClock);
    const outcome = await createOtlpIntake(ingest, counters).receive("metrics", "json", TWO_POINTS);
    expect(outcome).toEqual({ kind: "success" });
    expect(given).toEqual([{ encoding: "json", bytes: TWO_POINTS }]);
    expect(counters.snapshot().rejectedByReason.size).toBe(0);
  });

  it("are answered with what ingest says of them", async () => {
    const partial = withMetrics({ status: "partial", accepted: 1, rejected: 1, reason: "too old" });
    const counters = createPipelineCounters(systemClock);
    expect(await createOtlpIntake(partial.ingest, counters).receive("metrics", "json", TWO_POINTS)).toEqual({
      kind: "success",
      partial: { rejected: 1, message: "too old" },
    });
    const busy = withMetrics({ status: "overloaded", retryAfterMs: 1_500 });
    expect(await createOtlpIntake(busy.ingest, counters).receive("metrics", "json", TWO_POINTS)).toMatchObject({
      kind: "refused",
      refusal: { status: 429, retryAfterMs: 1_500 },
    });
  });
});

it("counts what has no place, and says so; an empty request loses nothing", async () => {
  const counters = createPipelineCounters(systemClock);
  const intake = createOtlpIntake({ traces: () => Promise.reject(new Error("no traces were sent")) }, counters);
  expect(await intake.receive("metrics", "json", TWO_POINTS)).toMatchObject({ partial: { rejected: 2 } });
  expect(await intake.receive("logs", "json", ONE_RECORD)).toMatchObject({ partial: { rejected: 1 } });
  expect(await intake.receive("logs", "protobuf", new Uint8Array())).toEqual({ kind: "success" });
  expect(Object.fromEntries(counters.snapshot().rejectedByReason)).toEqual({ metrics: 2, logs: 1 });
});

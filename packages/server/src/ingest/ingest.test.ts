import { MonitorError, LIMITS } from "@nexent/monitor-core";
import { createMemoryStore } from "@nexent/monitor-store";
import { describe, expect, it } from "vitest";
import { systemClock } from "../clock.ts";
import { createPipelineCounters } from "../self/pipeline-counters.ts";
import type { TelemetrySpan } from "../codecs/telemetry-batch.ts";
import { answeringStore } from "../testing/fake-store.ts";
import { encodeProtobuf } from "../testing/otlp-encode.ts";
import { idsOf, telemetryBatch, telemetrySpan } from "../testing/spans.ts";
import { createIngest } from "./ingest.ts";
import type { TraceRequest } from "./trace-request.ts";

function requestOf(spans: readonly TelemetrySpan[]): TraceRequest {
  return { form: "otlp_protobuf", bytes: encodeProtobuf(telemetryBatch(spans)) };
}

const one = requestOf([telemetrySpan()]);

function ingestOver(store: Parameters<typeof createIngest>[0]["store"]) {
  const events = createPipelineCounters(systemClock);
  return { ingest: createIngest({ store, events, clock: systemClock }), events };
}

describe("ingest", () => {
  it("I6: keeps the good spans of a request once and says how many it turned away, and why", async () => {
    const store = createMemoryStore();
    const { ingest, events } = ingestOver(store);
    const spans = Array.from({ length: 99 }, (_, index) => telemetrySpan(idsOf(index)));
    const bad = telemetrySpan({ ...idsOf(100), startUnixNanos: 0n });
    const answer = await ingest.traces(requestOf([...spans, bad]));
    expect(answer).toEqual({
      status: "partial",
      accepted: 99,
      rejected: 1,
      reason: "spans rejected: 1 x start time is missing",
    });
    expect((await store.stats()).spans).toBe(99);
    expect(events.snapshot()).toMatchObject({ spansDecoded: 100, spansAccepted: 99, spansRejected: 1 });
  });

  it("answers success for a request without spans, and without asking the store", async () => {
    const { ingest } = ingestOver(answeringStore({ status: "overloaded", retryAfterMs: 1 }));
    expect(await ingest.traces({ form: "otlp_protobuf", bytes: new Uint8Array() })).toEqual({
      status: "accepted",
      items: 0,
    });
  });

  it("passes on what the store says", async () => {
    const error = new MonitorError("STORE_FULL", "the disk is nearly full");
    expect(await ingestOver(answeringStore({ status: "overloaded", retryAfterMs: 3_000 })).ingest.traces(one)).toEqual({
      status: "overloaded",
      retryAfterMs: 3_000,
    });
    expect(await ingestOver(answeringStore({ status: "rejected", error })).ingest.traces(one)).toMatchObject({
      status: "unavailable",
      error,
    });
    const partial = { status: "partial", accepted: 0, rejected: 1, reason: "too deep" } as const;
    expect(await ingestOver(answeringStore(partial)).ingest.traces(one)).toMatchObject({
      status: "partial",
      accepted: 0,
      rejected: 1,
      reason: "spans rejected: 1 x the store refused the record (too deep)",
    });
  });

  it("refuses a request with too many spans before it does any work", async () => {
    const span = telemetrySpan();
    const many = requestOf(Array.from({ length: LIMITS.spansPerRequest + 1 }, () => span));
    await expect(ingestOver(createMemoryStore()).ingest.traces(many)).rejects.toMatchObject({
      code: "PAYLOAD_TOO_LARGE",
    });
  });
});

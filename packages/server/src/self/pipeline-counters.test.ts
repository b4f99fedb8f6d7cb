import { describe, expect, it } from "vitest";
import { createFakeClock } from "../testing/clock.ts";
import { createPipelineCounters } from "./pipeline-counters.ts";
import { createRateWindow } from "./rate-window.ts";

describe("rate window", () => {
  it("is the mean of the last ten seconds, and forgets what is older, however long nobody asked", () => {
    const clock = createFakeClock();
    const rate = createRateWindow(() => clock.monotonicMs());
    rate.add(50);
    clock.advance(1_000);
    rate.add(50);
    expect(rate.perSecond()).toBe(10);
    clock.advance(9_000);
    expect(rate.perSecond()).toBe(5);
    clock.advance(1_000);
    expect(rate.perSecond()).toBe(0);
    clock.advance(3_600_000);
    rate.add(10);
    expect(rate.perSecond()).toBe(1);
  });
});

describe("pipeline counters", () => {
  it("keep a count for every reason something was not kept", () => {
    const counters = createPipelineCounters(createFakeClock());
    counters.requestRefused("host", "a");
    counters.requestRefused("host", "b");
    counters.spansRejected("trace_id", 2);
    counters.itemsNotStored("metrics", 7);
    counters.itemsNotStored("logs", 0);
    const { refusedByReason, rejectedByReason, lastRefusal, spansRejected } = counters.snapshot();
    expect([...refusedByReason]).toEqual([["host", 2]]);
    expect([...rejectedByReason]).toEqual([
      ["trace_id", 2],
      ["metrics", 7],
    ]);
    expect(lastRefusal).toEqual({ reason: "host", detail: "b" });
    expect(spansRejected).toBe(2);
  });
});

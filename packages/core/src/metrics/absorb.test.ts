import { describe, expect, it } from "vitest";
import { METRICS } from "../names/metrics.ts";
import { createMetricRegistry } from "./registry.ts";
import type { MetricRegistry } from "./registry-contract.ts";

const B = { model: "m", operation: "chat", provider: "p" };
const exemplar = (at: number) => ({ traceId: "a".repeat(32), spanId: "b".repeat(16), timestampSeconds: at });

/** One process: `errors`, the durations it saw, open requests and its lag. */
function processOf(errors: number, durations: readonly number[], open: number, lag: number): MetricRegistry {
  const registry = createMetricRegistry();
  if (errors > 0)
    registry.counter(METRICS.llmErrorCount, { ...B, error_type: "timeout" }).add(errors, exemplar(errors));
  const histogram = registry.histogram(METRICS.llmRequestDurationSeconds, { ...B, stream: "true", outcome: "ok" });
  for (const seconds of durations) histogram.observe(seconds, exemplar(seconds));
  registry.gauge(METRICS.llmRequestsInFlight, { ...B, phase: "waiting" }).set(open);
  registry.gauge(METRICS.nexentMonitorEventLoopLagSeconds, {}).set(lag);
  return registry;
}

/** What crosses a process border. */
function sent(registry: MetricRegistry) {
  return structuredClone(registry.read());
}

describe("one exposition of several processes", () => {
  const [first, second] = [processOf(2, [0.2, 7], 3, 0.5), processOf(5, [0.2, 40], 4, 0.1)];
  const sum = createMetricRegistry({ resource: { "service.name": "gateway" } });
  for (const registry of [first, second]) sum.absorb(sent(registry));
  const text = sum.expose("text");

  it("adds counters and gauges of things that are open", () => {
    expect(text).toContain('llm_error_count_total{model="m",operation="chat",provider="p",error_type="timeout"} 7');
    expect(text).toContain('llm_requests_in_flight{model="m",operation="chat",provider="p",phase="waiting"} 7');
  });

  it("adds histograms bucket by bucket", () => {
    const labels = 'model="m",operation="chat",provider="p",stream="true",outcome="ok"';
    for (const [bound, count] of Object.entries({ "0.1": 0, "0.25": 2, "7.5": 3, "45.0": 4, "+Inf": 4 })) {
      expect(text).toContain(`llm_request_duration_seconds_bucket{${labels},le="${bound}"} ${count}`);
    }
    expect(text).toContain(`llm_request_duration_seconds_sum{${labels}} 47.4`);
  });

  it("shows the longest lag, not the sum of the lags", () => {
    expect(text).toContain("nexent_monitor_event_loop_lag_seconds 0.5\n");
  });

  it("keeps the latest exemplar of each bucket and counter", () => {
    const openMetrics = sum.expose("openmetrics");
    expect(openMetrics).toMatch(/le="0\.25"\} 2 # \{[^}]+\} 0\.2 0\.200/);
    expect(openMetrics).toMatch(/error_type="timeout"\} 7 # \{[^}]+\} 5\.0 5\.000/);
  });

  it("is the same text for one process as that process writes itself", () => {
    const alone = createMetricRegistry();
    alone.absorb(sent(first));
    expect(alone.expose("openmetrics")).toBe(first.expose("openmetrics"));
  });

  it("leaves out a histogram with other bounds", () => {
    const alone = createMetricRegistry();
    alone.absorb([
      { definition: METRICS.nexentMonitorOverheadSeconds, series: [{ labels: [], counts: [1, 2], sum: 3 }] },
    ]);
    expect(alone.expose("text")).toContain("nexent_monitor_overhead_seconds_count 0\n");
  });
});

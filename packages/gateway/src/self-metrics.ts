/** The gateway's own counters. Without telemetry they are no-ops. */
import { METRICS, type MetricRegistry, type ErrorCode } from "@nexent/monitor-core";
import type { Upstream } from "./routes/prefix-table.ts";

/** Counts what the relay does besides relaying. `upstream` is a configured name. */
export interface GatewayCounters {
  staleRetry(upstream: string): void;
  usageInjection(upstream: string, result: "added" | "rejected"): void;
  ownError(code: ErrorCode): void;
  backpressurePause(upstream: string): void;
  /** A stalled stream was broken off. */
  stallAbort(upstream: string): void;
  /** An observer of `provider` was switched off by its own fault. */
  observerFault(provider: string): void;
}

/** Counters that count nothing. */
export const NO_COUNTERS: GatewayCounters = {
  staleRetry: () => undefined,
  usageInjection: () => undefined,
  ownError: () => undefined,
  backpressurePause: () => undefined,
  stallAbort: () => undefined,
  observerFault: () => undefined,
};

/** Counters in `registry`. */
export function createGatewayCounters(registry: MetricRegistry): GatewayCounters {
  return {
    staleRetry: (upstream) => registry.counter(METRICS.nexentGatewayStaleRetries, { upstream }).add(1),
    usageInjection: (upstream, result) =>
      registry.counter(METRICS.nexentGatewayUsageInjections, { upstream, result }).add(1),
    ownError: (code) => registry.counter(METRICS.nexentGatewayOwnErrors, { code }).add(1),
    backpressurePause: (upstream) => registry.counter(METRICS.nexentGatewayBackpressurePauses, { upstream }).add(1),
    stallAbort: (upstream) => registry.counter(METRICS.nexentGatewayStallAborts, { upstream }).add(1),
    observerFault: (provider) => registry.counter(METRICS.nexentMonitorParseErrors, { provider }).add(1),
  };
}

/** Brings the connection gauges up to date; called just before an exposition. */
export function refreshConnectionGauges(registry: MetricRegistry, upstreams: readonly Upstream[]): void {
  for (const { config, connections } of upstreams) {
    const upstream = config.name;
    registry.gauge(METRICS.nexentGatewayUpstreamConnections, { upstream, state: "busy" }).set(connections.busyCount);
    registry.gauge(METRICS.nexentGatewayUpstreamConnections, { upstream, state: "idle" }).set(connections.idleCount);
  }
}

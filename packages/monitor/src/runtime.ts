/** What runs while monitoring is on, and the one decision whether it is. */
import { createMetricRegistry, METRICS, type MetricRegistry } from "@nexent/monitor-core";
import { createBackend, type StartedBackend } from "./backend/create-backend.ts";
import { readMonitorConfig, type MonitorConfig, type MonitorOptions } from "./config/config.ts";
import { createIdleSweep, type IdleSweep } from "./idle-sweep.ts";
import { createRecorder } from "./recorder.ts";
import type { Recorder } from "./recording.ts";

/** Version of the SDK, as in its manifest. */
export const VERSION = "0.1.0";

/** The SDK's states (measurement contract 7). */
export const STATES = ["disabled", "unavailable", "degraded", "active"] as const;
export type MonitorState = (typeof STATES)[number];

/** What `status()` answers. */
export interface MonitorStatus {
  readonly state: MonitorState;
  /** Why it is not `active`. */
  readonly reason?: string;
  /** Whose tracer provider spans go to. */
  readonly tracing: "own" | "host" | "none";
  readonly serviceName: string;
}

/** A running monitor. */
export interface Runtime {
  readonly config: MonitorConfig;
  readonly registry: MetricRegistry;
  readonly recorder: Recorder;
  readonly started: StartedBackend;
  readonly idle: IdleSweep;
}

const RECENT_DROP_MS = 60_000;

/** Starts a monitor; undefined when the configuration says it is off. Never throws. */
export function startRuntime(options: MonitorOptions, warn: (message: string) => void): Runtime | undefined {
  const config = readMonitorConfig(process.env, options);
  if (!config.enabled) return undefined;
  const { serviceName, maxModels, maxSeries, problems } = config;
  const registry = createMetricRegistry({ maxModels, maxSeries, resource: { service_name: serviceName } });
  for (const problem of problems) {
    registry.counter(METRICS.nexentMonitorConfigErrors, { variable: problem.variable }).add(1);
    warn(`${problem.variable} ${problem.message}; the default is used`);
  }
  const started = createBackend(config, { registry, version: VERSION, context: true });
  if (started.warn && started.reason !== undefined) warn(started.reason);
  const recorder = createRecorder({ ...config, registry, backend: started.backend });
  registry.gauge(METRICS.nexentMonitorBuildInfo, { version: VERSION }).set(1);
  return { config, registry, recorder, started, idle: createIdleSweep(config.streamIdleSeconds * 1000) };
}

/** State of a monitor; `disabled` without one. */
export function statusOf(runtime: Runtime | undefined): MonitorStatus {
  if (runtime === undefined)
    return { state: "disabled", tracing: "none", serviceName: readMonitorConfig(process.env).serviceName };
  const { started, config } = runtime;
  const base = { tracing: started.tracing, serviceName: config.serviceName };
  if (!started.available) {
    const unsupported = config.destination.kind === "unsupported";
    return {
      ...base,
      state: unsupported ? "degraded" : "unavailable",
      ...(started.reason !== undefined && { reason: started.reason }),
    };
  }
  const { failingSinceMs, lastDropMs } = started.backend.health;
  const dropped = lastDropMs !== undefined && Date.now() - lastDropMs < RECENT_DROP_MS;
  if (failingSinceMs !== undefined) return { ...base, state: "degraded", reason: "exporting spans fails" };
  if (dropped) return { ...base, state: "degraded", reason: "spans were dropped in the last minute" };
  if (started.reason !== undefined) return { ...base, state: "degraded", reason: started.reason };
  return { ...base, state: "active" };
}

/** Text of `/metrics` in format 0.0.4; the state family only without a monitor. */
export function exposeRuntime(runtime: Runtime | undefined): string {
  const registry = runtime?.registry ?? createMetricRegistry();
  const { state } = statusOf(runtime);
  for (const one of STATES) registry.gauge(METRICS.nexentMonitorState, { state: one }).set(one === state ? 1 : 0);
  if (runtime === undefined) return registry.expose("text", { families: [METRICS.nexentMonitorState.name] });
  runtime.recorder.refresh();
  return registry.expose("text");
}

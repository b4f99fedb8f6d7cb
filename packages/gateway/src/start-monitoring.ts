/** Telemetry of a gateway process, from its environment. */
import { createMetricRegistry, METRICS } from "@nexent/monitor-core";
import { createBackend, createRecorder, readMonitorConfig, type MonitorConfig } from "@nexent/monitor/recorder";
import type { Environment } from "./config/environment.ts";
import type { Monitoring } from "./monitoring.ts";
import { createWallClock } from "./wall-clock.ts";

/** What became of telemetry at start. */
export interface StartedMonitoring {
  readonly config: MonitorConfig;
  /** Absent when telemetry is off. */
  readonly monitoring: Monitoring | undefined;
  /** Sentences for the operator. */
  readonly warnings: readonly string[];
}

/** Starts telemetry when `ENABLE_TELEMETRY` says so. Never throws: a bad variable warns and its default is used. */
export function startMonitoring(env: Environment, version: string): StartedMonitoring {
  // Started by an npm script, the gateway is still the gateway, not the package the script belongs to.
  const config = readMonitorConfig(
    { ...env, npm_package_name: undefined },
    { defaultServiceName: "nexent-gateway", serviceVersion: version },
  );
  const warnings = config.problems.map((problem) => `${problem.variable} ${problem.message}; the default is used`);
  if (!config.enabled) return { config, monitoring: undefined, warnings };
  const registry = createMetricRegistry({
    maxModels: config.maxModels,
    maxSeries: config.maxSeries,
    resource: config.resourceAttributes,
  });
  registry.gauge(METRICS.nexentMonitorBuildInfo, { version }).set(1);
  for (const { variable } of config.problems) registry.counter(METRICS.nexentMonitorConfigErrors, { variable }).add(1);
  // The gateway hands parents over itself, so nothing has to follow calls across `await`.
  const { backend, available, reason, warn } = createBackend(config, { registry, version, context: false });
  if (warn && reason !== undefined) warnings.push(reason);
  const wallMs = createWallClock();
  const recorder = createRecorder({ ...config, registry, backend, wallMs });
  return { config, monitoring: { registry, backend, recorder, wallMs, tracingAvailable: available }, warnings };
}

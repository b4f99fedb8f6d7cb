/** Telemetry of a gateway process, from its environment. */
import { createMetricRegistry, METRICS } from "@nexent/monitor-core";
import {
  createBackend,
  createLogLimiter,
  createRecorder,
  readMonitorConfig,
  startMetricsExport,
  type MetricsExporter,
  type MonitorConfig,
} from "@nexent/monitor/recorder";
import type { Environment } from "./config/environment.ts";
import type { Exposition, Monitoring } from "./monitoring.ts";
import { createWallClock } from "./wall-clock.ts";

/** What became of telemetry at start. */
export interface StartedMonitoring {
  readonly config: MonitorConfig;
  /** Absent when telemetry is off. */
  readonly monitoring: Monitoring | undefined;
  /** Pushes metrics and listens for scrapes where the environment asks for it; nothing by default. Call it once. */
  exportMetrics(exposition: Exposition): void;
  /** Ends open calls as abandoned and flushes, within the configured time. Never rejects. */
  stop(): Promise<void>;
}

/** Options of {@link startMonitoring}. */
export interface MonitoringOptions {
  readonly env: Environment;
  /** Version of the gateway. */
  readonly version: string;
  /** Hears what an operator should know. */
  readonly warn: (message: string) => void;
  /** Number of this worker when there are several: each pushes the metrics of its own. */
  readonly worker?: number;
}

/** One line a minute about trouble that lasts, such as a receiver that is away. */
const TROUBLE_INTERVAL_MS = 60_000;

/** Started by an npm script, the gateway is still the gateway, not the package the script belongs to. */
function readConfig(env: Environment, version: string): MonitorConfig {
  return readMonitorConfig(
    { ...env, npm_package_name: undefined },
    { defaultServiceName: "nexent-gateway", serviceVersion: version },
  );
}

/**
 * What is exported of one of several workers. Each pushes its own numbers, told apart by the instance; the extra listener
 * would answer with the numbers of one of them and is left out.
 */
function ofWorker(
  config: MonitorConfig,
  { worker, warn }: MonitoringOptions,
): Pick<MonitorConfig, "metricsExport" | "resourceAttributes"> {
  if (worker === undefined) return config;
  const { push, listen } = config.metricsExport;
  if (listen !== undefined)
    warn("OTEL_METRICS_EXPORTER=prometheus opens no listener with several workers; scrape /metrics");
  const instance = [config.resourceAttributes["service.instance.id"] ?? process.pid, worker].join("-");
  return {
    metricsExport: push === undefined ? {} : { push },
    resourceAttributes: { ...config.resourceAttributes, "service.instance.id": instance },
  };
}

/** Starts telemetry when `ENABLE_TELEMETRY` says so. Never throws: a bad variable warns and its default is used. */
export function startMonitoring(options: MonitoringOptions): StartedMonitoring {
  const { env, version, warn } = options;
  const config = readConfig(env, version);
  for (const { variable, message } of config.problems) warn(`${variable} ${message}; the default is used`);
  if (!config.enabled) {
    return { config, monitoring: undefined, exportMetrics: () => undefined, stop: () => Promise.resolve() };
  }
  const registry = createMetricRegistry({
    maxModels: config.maxModels,
    maxSeries: config.maxSeries,
    resource: config.resourceAttributes,
  });
  registry.gauge(METRICS.nexentMonitorBuildInfo, { version }).set(1);
  for (const { variable } of config.problems) registry.counter(METRICS.nexentMonitorConfigErrors, { variable }).add(1);
  const onTrouble = createLogLimiter({ intervalMs: TROUBLE_INTERVAL_MS, write: warn });
  // The gateway hands parents over itself, so nothing has to follow calls across `await`.
  const started = createBackend(config, { registry, version, context: false, onTrouble, onDiagnostic: warn });
  if (started.warn && started.reason !== undefined) warn(started.reason);
  const { backend } = started;
  const wallMs = createWallClock();
  const recorder = createRecorder({ ...config, registry, backend, wallMs });
  let exporter: MetricsExporter | undefined;
  return {
    config,
    monitoring: {
      registry,
      backend,
      recorder,
      wallMs,
      tracingAvailable: started.available,
      resource: config.resourceAttributes,
      pushFails: () => exporter?.failing ?? false,
    },
    exportMetrics(exposition) {
      exporter ??= startMetricsExport({
        config: ofWorker(config, options),
        registry,
        version,
        ...exposition,
        warn,
        onTrouble,
      });
    },
    async stop() {
      recorder.close();
      const { shutdownTimeoutMs } = config;
      await Promise.all([exporter?.close(shutdownTimeoutMs), backend.shutdown(shutdownTimeoutMs)]);
    },
  };
}

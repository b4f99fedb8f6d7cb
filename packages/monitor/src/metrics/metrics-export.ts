/** Starts what `OTEL_METRICS_EXPORTER` asks for, besides the application's own `/metrics`. */
import type { Server } from "node:http";
import { METRICS, type ExpositionFormat, type MetricRegistry } from "@nexent/monitor-core";
import { createTransport, destinationLabel, shownAddress } from "../backend/destination-transport.ts";
import { createPackageLoader, type PackageLoader } from "../backend/load.ts";
import { createMetricEncoder } from "../backend/otel/metric-encoding.ts";
import type { MonitorConfig } from "../config/config.ts";
import { createMetricsListener } from "./metrics-listener.ts";
import { createMetricsPush, type MetricsPush } from "./metrics-push.ts";

const METRICS_EXPORT = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";

export interface MetricsExportOptions {
  readonly config: Pick<MonitorConfig, "metricsExport" | "resourceAttributes">;
  readonly registry: MetricRegistry;
  /** Version of the program, for the instrumentation scope. */
  readonly version: string;
  /** Brings gauges up to date before they are read. */
  readonly refresh: () => void;
  readonly expose: (format: ExpositionFormat) => string;
  /** Hears, once, that something cannot be started. */
  readonly warn: (message: string) => void;
  /** Hears of every failed push. */
  readonly onTrouble: (message: string) => void;
  readonly loader?: PackageLoader;
}

/** What was started. */
export interface MetricsExporter {
  /** Whether the latest push failed. */
  readonly failing: boolean;
  /** Pushes once more within `timeoutMs` and stops everything. Never rejects. */
  close(timeoutMs: number): Promise<void>;
}

function startPush(options: MetricsExportOptions): MetricsPush | undefined {
  const { push: destination } = options.config.metricsExport;
  if (destination === undefined) return undefined;
  const { registry, version, refresh, warn, onTrouble, loader = createPackageLoader() } = options;
  const { protocol, url, intervalMs } = destination;
  const resource = options.config.resourceAttributes;
  const encode = createMetricEncoder({ protocol, resource, version, startUnixMs: Date.now(), loader });
  if (typeof encode !== "function") {
    warn(`metrics cannot be pushed: ${encode.reason}`);
    return undefined;
  }
  const failures = registry.counter(METRICS.nexentMonitorExportFailures, { destination: destinationLabel(protocol) });
  return createMetricsPush({
    read() {
      refresh();
      return registry.read();
    },
    encode,
    transport: createTransport(destination, METRICS_EXPORT),
    intervalMs,
    onFailure(reason) {
      failures.add(1);
      onTrouble(`metrics cannot be sent to ${shownAddress(url)}: ${reason}`);
    },
  });
}

/** Listens for scrapes; a taken port is told once. */
function startListener({ config, expose, warn }: MetricsExportOptions): Server | undefined {
  const { listen } = config.metricsExport;
  if (listen === undefined) return undefined;
  const { host, port } = listen;
  const server = createMetricsListener(host, expose);
  server.on("error", (error: NodeJS.ErrnoException) =>
    warn(`no listener for metrics on ${host}:${port}: ${error.code ?? error.name}`),
  );
  server.listen({ host, port });
  server.unref();
  return server;
}

/** Starts the push and the listener that the configuration asks for; nothing by default. */
export function startMetricsExport(options: MetricsExportOptions): MetricsExporter {
  const push = startPush(options);
  const listener = startListener(options);
  return {
    get failing() {
      return push?.failing ?? false;
    },
    async close(timeoutMs) {
      listener?.close();
      listener?.closeAllConnections();
      await push?.close(timeoutMs);
    },
  };
}

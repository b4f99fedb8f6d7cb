/** Chooses and starts the span backend of a configuration. */
import { isAbsolute } from "node:path";
import { METRICS, type MetricRegistry } from "@nexent/monitor-core";
import type { MonitorConfig } from "../config/config.ts";
import type { SpanBackend } from "./backend.ts";
import { destinationLabel, shownAddress } from "./destination-transport.ts";
import { createPackageLoader, type PackageLoader } from "./load.ts";
import { createNoopBackend } from "./noop.ts";
import type { TailOptions } from "./otel/span-processor.ts";
import { startOtelBackend } from "./otel/start.ts";

export interface BackendOptions {
  readonly registry: MetricRegistry;
  /** Version of the program, for the instrumentation scope. */
  readonly version: string;
  /** Follow calls across `await` and register with the OpenTelemetry API; false for a program that passes parents itself. */
  readonly context: boolean;
  /** The slow threshold of the moment; default that of the configuration. */
  readonly slowRequestSeconds?: () => number;
  /** Hears of every failed export, in a sentence. */
  readonly onTrouble?: (message: string) => void;
  /** Hears OpenTelemetry's own diagnostics when `OTEL_LOG_LEVEL` asks for them. */
  readonly onDiagnostic?: (message: string) => void;
  readonly loader?: PackageLoader;
  /** File of the program that was started; default `process.argv[1]`. */
  readonly application?: string;
}

/** A backend and what to say about it. `none`: spans go nowhere. */
export interface StartedBackend {
  readonly backend: SpanBackend;
  readonly tracing: "own" | "host" | "none";
  /** Why spans go nowhere, or only partly; absent when all is well or when that was asked for. */
  readonly reason?: string;
  /** Whether OpenTelemetry was loaded and is usable. */
  readonly available: boolean;
  /** Worth one warning: not an expected state such as "not installed". */
  readonly warn: boolean;
}

function nothing(reason: string | undefined, warn: boolean): StartedBackend {
  const base = { backend: createNoopBackend(), tracing: "none", available: false, warn } as const;
  return reason === undefined ? base : { ...base, reason };
}

/** Bounds of the tail decision, and its counts. */
function tailOptions(config: MonitorConfig, { registry, slowRequestSeconds }: BackendOptions): TailOptions {
  const waiting = registry.gauge(METRICS.nexentMonitorTraceBufferTraces, {});
  waiting.set(0);
  return {
    maxTraces: config.tailMaxTraces,
    maxSpans: config.tailMaxSpans,
    maxAgeMs: config.tailMaxAgeSeconds * 1000,
    slowRequestSeconds: slowRequestSeconds ?? (() => config.slowRequestSeconds),
    onKept: (reason) => registry.counter(METRICS.nexentMonitorTracesKept, { reason }).add(1),
    onEvicted: (reason) => registry.counter(METRICS.nexentMonitorTracesEvicted, { reason }).add(1),
    onWaiting: (count) => waiting.set(count),
  };
}

/** Starts spans for an enabled configuration. Never throws; without OpenTelemetry spans are silent no-ops. */
export function createBackend(config: MonitorConfig, options: BackendOptions): StartedBackend {
  const { destination } = config;
  if (destination === undefined) return { ...nothing(undefined, false), available: true };
  const { registry } = options;
  const { application = process.argv[1] } = options;
  const started = startOtelBackend({
    ...(application !== undefined && isAbsolute(application) && { application }),
    loader: options.loader ?? createPackageLoader(),
    destination: { ...destination, timeoutMs: Math.min(destination.timeoutMs, config.exportTimeoutMs) },
    resource: config.resourceAttributes,
    version: options.version,
    sampleRate: config.sampleRate,
    spanLimits: config.spanLimits,
    propagators: config.propagators,
    ...(config.verbosity === "all" && options.onDiagnostic && { onDiagnostic: options.onDiagnostic }),
    context: options.context,
    delayMs: config.exportDelayMs,
    queueSpans: config.exportQueueSpans,
    batchSpans: config.exportBatchSpans,
    tail: tailOptions(config, options),
    onExported: (count) => registry.counter(METRICS.nexentMonitorSpansExported, {}).add(count),
    onDropped: (count, reason) => registry.counter(METRICS.nexentMonitorSpansDropped, { reason }).add(count),
    onExportFailure(reason) {
      const labels = { destination: destinationLabel(destination.protocol) };
      registry.counter(METRICS.nexentMonitorExportFailures, labels).add(1);
      options.onTrouble?.(`spans cannot be sent to ${shownAddress(destination.url)}: ${reason}`);
    },
  });
  if (started.status === "unavailable") return nothing(started.reason, started.broken);
  return {
    backend: started.backend,
    tracing: started.tracing,
    available: true,
    warn: started.warning !== undefined,
    ...(started.warning !== undefined && { reason: started.warning }),
  };
}

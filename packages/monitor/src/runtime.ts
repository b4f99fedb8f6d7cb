/** What runs while monitoring is on. */
import { createMetricRegistry, METRICS, type ExpositionFormat, type MetricRegistry } from "@nexent/monitor-core";
import { createAbandonWatch, type AbandonWatch } from "./follow/abandon-watch.ts";
import { createBackend, type StartedBackend } from "./backend/create-backend.ts";
import type { MonitorConfig } from "./config/config.ts";
import { createHttpWatcher, type HttpWatcher } from "./recording/http-span.ts";
import { openRecordingOf } from "./recording/open-recording.ts";
import { createRecorder } from "./recording/recorder.ts";
import { startMetricsExport, type MetricsExporter } from "./metrics/metrics-export.ts";
import type { Recorder, Recording } from "./recording/recording.ts";

/** Version of the SDK, as in its manifest. */
const VERSION = "0.1.0";

/** The SDK's states (measurement contract 7). */
const STATES = ["disabled", "unavailable", "degraded", "active"] as const;
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
  /** Watches the requests that the host serves. */
  readonly http: HttpWatcher;
  readonly started: StartedBackend;
  readonly metricsExport: MetricsExporter;
  readonly watch: AbandonWatch;
  /** Other thresholds, limits and switches for calls that start from now on. */
  update(config: MonitorConfig): void;
  /** The open call around the running code; absent outside of one. */
  current(): Recording | undefined;
  /** Runs `run` as part of a call: its span is active, and calls observed inside find it. `inner`: whose code that is. */
  inside<T>(recording: Recording, run: () => T, inner?: InnerCode): T;
}

/**
 * Whose code runs in a call before its answer: the `host`'s, which may ask for the active span, or nothing but a client
 * `library` over Node's own `fetch`.
 */
export type InnerCode = "host" | "library";

export interface RuntimeOptions {
  readonly config: MonitorConfig;
  readonly warn: (message: string) => void;
  /** Hears of every failed export; must write few of them. */
  readonly onTrouble: (message: string) => void;
  /** Whether calls can be nested at all. Following them across `await` slows every promise of the process. */
  readonly canNest: () => boolean;
}

const RECENT_DROP_MS = 60_000;

/** Counts and tells the bad settings of a configuration, once per variable. */
function reportProblems(config: MonitorConfig, registry: MetricRegistry, warn: (message: string) => void): void {
  for (const variable of new Set(config.problems.map((problem) => problem.variable))) {
    registry.counter(METRICS.nexentMonitorConfigErrors, { variable }).add(1);
  }
  for (const { variable, message } of config.problems) warn(`${variable} ${message}`);
}

/** Starts a monitor for an enabled configuration. */
export function startRuntime({ config, warn, onTrouble, canNest }: RuntimeOptions): Runtime {
  const { maxModels, maxSeries, resourceAttributes } = config;
  const registry = createMetricRegistry({ maxModels, maxSeries, resource: resourceAttributes });
  reportProblems(config, registry, warn);
  let { slowRequestSeconds } = config;
  const started = createBackend(config, {
    registry,
    version: VERSION,
    context: true,
    slowRequestSeconds: () => slowRequestSeconds,
    onTrouble,
    onDiagnostic: warn,
  });
  if (started.warn && started.reason !== undefined) warn(started.reason);
  registry.gauge(METRICS.nexentMonitorBuildInfo, { version: VERSION }).set(1);
  const { backend } = started;
  /** The call whose synchronous part runs now: known even where nothing follows calls across `await`. */
  let running: Recording | undefined;
  // The first context that is followed slows every `await` of a process on Node 20: only where someone can see it.
  const follows = (inner: InnerCode): boolean =>
    canNest() || (backend.name === "otel" && (inner === "host" || backend.contextIsUsed()));
  const recorder = createRecorder({
    ...config,
    content: config.captureContent,
    registry,
    backend,
    callFamilies: true,
  });
  const runtime: Runtime = {
    config,
    registry,
    started,
    metricsExport: startMetricsExport({
      config,
      registry,
      version: VERSION,
      refresh: () => refresh(runtime),
      expose: (format) => exposeRuntime(runtime, format),
      warn,
      onTrouble,
    }),
    http: createHttpWatcher({ backend, registry, prefersActive: started.tracing === "host" }),
    recorder,
    update(changed) {
      slowRequestSeconds = changed.slowRequestSeconds;
      recorder.update({ ...changed, content: changed.captureContent });
    },
    watch: createAbandonWatch(config.streamIdleSeconds * 1000),
    current: () => openRecordingOf(backend.activeOwner()) ?? openRecordingOf(running),
    inside(recording, run, inner = "host") {
      const outer = running;
      running = recording;
      try {
        return follows(inner) ? backend.withSpan(recording.span, run, recording) : run();
      } finally {
        running = outer;
      }
    },
  };
  return runtime;
}

function backendState({ started, metricsExport }: Runtime): Pick<MonitorStatus, "state" | "reason"> {
  const { available, reason, backend } = started;
  if (!available) return reason === undefined ? { state: "unavailable" } : { state: "unavailable", reason };
  const { failingSinceMs, lastDropMs } = backend.health;
  if (failingSinceMs !== undefined) return { state: "degraded", reason: "exporting spans fails" };
  if (lastDropMs !== undefined && Date.now() - lastDropMs < RECENT_DROP_MS) {
    return { state: "degraded", reason: "spans were dropped in the last minute" };
  }
  if (metricsExport.failing) return { state: "degraded", reason: "pushing metrics fails" };
  return reason === undefined ? { state: "active" } : { state: "degraded", reason };
}

/** State of a running monitor. */
export function statusOf(runtime: Runtime): MonitorStatus {
  return { ...backendState(runtime), tracing: runtime.started.tracing, serviceName: runtime.config.serviceName };
}

function showState(registry: MetricRegistry, state: MonitorState): void {
  for (const one of STATES) registry.gauge(METRICS.nexentMonitorState, { state: one }).set(one === state ? 1 : 0);
}

/** Brings what is only known when it is asked for up to date. */
function refresh(runtime: Runtime): void {
  showState(runtime.registry, statusOf(runtime).state);
  runtime.recorder.refresh();
  runtime.registry.gauge(METRICS.nexentMonitorEventLoopLagSeconds, {}).set(runtime.recorder.lagSeconds);
}

/** Text of `/metrics`; without a monitor the state family only. */
export function exposeRuntime(runtime: Runtime | undefined, format: ExpositionFormat): string {
  if (runtime !== undefined) {
    refresh(runtime);
    return runtime.registry.expose(format);
  }
  const registry = createMetricRegistry();
  showState(registry, "disabled");
  return registry.expose(format, { families: [METRICS.nexentMonitorState.name] });
}

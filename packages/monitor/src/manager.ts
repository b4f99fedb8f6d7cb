/** The singleton behind the public functions. */
import type { ExpositionFormat } from "@nexent/monitor-core";
import { applicationName } from "./application-name.ts";
import type { BackendSpan } from "./backend/backend.ts";
import { readMonitorConfig, type MonitorConfig, type MonitorOptions } from "./config/config.ts";
import { silenceWarnings, warnOfTrouble, warnOnce } from "./diagnostics.ts";
import { exposeRuntime, startRuntime, statusOf, type MonitorStatus, type Runtime } from "./runtime.ts";

/** Bumped when copies of the package of different versions could no longer share one manager. */
const INTERFACE_VERSION = 1;
const KEY = Symbol.for("@nexent/monitor");

interface Manager {
  readonly interfaceVersion: number;
  /** The monitor, started at the first call; undefined when monitoring is off. */
  runtime(): Runtime | undefined;
  /** A place that observes calls: every wrapped function, and each named kind once. From two on, calls can be nested. */
  addSite(kind?: string): void;
  /** Whether OpenTelemetry is loaded and usable; `listener` hears every change. */
  onAvailability(listener: (available: boolean) => void): void;
  configure(options: MonitorOptions): MonitorStatus;
  status(): MonitorStatus;
  metricsText(format: ExpositionFormat): string;
  activeSpan(): BackendSpan | undefined;
  shutdown(timeoutMs?: number): Promise<void>;
}

/** Fixed once the backend is loaded. */
const FIXED = [
  "serviceName",
  "serviceVersion",
  "endpoint",
  "sampleRate",
  "maxModels",
  "maxSeries",
  "tailMaxTraces",
  "tailMaxSpans",
  "tailMaxAgeSeconds",
] as const;

class SharedManager implements Manager {
  readonly interfaceVersion = INTERFACE_VERSION;
  readonly #listeners: ((available: boolean) => void)[] = [];
  readonly #kinds = new Set<string>();
  #sites = 0;
  #options: MonitorOptions = {};
  #runtime: Runtime | undefined;
  /** Turned off by `configure({ enabled: false })` while it runs; it can be turned on again. */
  #paused = false;
  #decided = false;

  runtime(): Runtime | undefined {
    // Decided at the first use, not at import: .env loaders may run in between.
    if (!this.#decided) this.#start();
    return this.#paused ? undefined : this.#runtime;
  }

  addSite(kind?: string): void {
    if (kind !== undefined && this.#kinds.has(kind)) return;
    if (kind !== undefined) this.#kinds.add(kind);
    this.#sites += 1;
  }

  onAvailability(listener: (available: boolean) => void): void {
    this.#listeners.push(listener);
    listener(this.#available);
  }

  configure(options: MonitorOptions): MonitorStatus {
    this.#options = { ...this.#options, ...options };
    if (this.#runtime === undefined) this.#start();
    else this.#change(this.#runtime, options);
    return this.status();
  }

  status(): MonitorStatus {
    const runtime = this.runtime();
    if (runtime !== undefined) return statusOf(runtime);
    return { state: "disabled", tracing: "none", serviceName: this.#readConfig().serviceName };
  }

  metricsText(format: ExpositionFormat): string {
    return exposeRuntime(this.runtime(), format);
  }

  activeSpan(): BackendSpan | undefined {
    return this.runtime()?.started.backend.activeSpan();
  }

  async shutdown(timeoutMs?: number): Promise<void> {
    const runtime = this.#runtime;
    this.#runtime = undefined;
    // A later use starts anew only if asked by configure(): a program that is ending must not load things again.
    this.#decided = true;
    this.#tell();
    if (runtime === undefined) return;
    runtime.watch.stop();
    runtime.recorder.close();
    const limitMs = timeoutMs ?? runtime.config.shutdownTimeoutMs;
    await Promise.all([runtime.started.backend.shutdown(limitMs), runtime.metricsExport.close(limitMs)]);
  }

  get #available(): boolean {
    return !this.#paused && (this.#runtime?.started.available ?? false);
  }

  #readConfig(): MonitorConfig {
    const name = applicationName();
    return readMonitorConfig(process.env, {
      ...(name !== undefined && { defaultServiceName: name }),
      ...this.#options,
    });
  }

  #start(): void {
    this.#decided = true;
    this.#paused = false;
    try {
      const config = this.#readConfig();
      if (!config.enabled) return;
      silenceWarnings(config.verbosity === "silent");
      this.#runtime = startRuntime({
        config,
        warn: warnOnce,
        onTrouble: warnOfTrouble,
        canNest: () => this.#sites > 1,
      });
      this.#tell();
    } catch (error) {
      warnOnce(`monitoring could not start: ${error instanceof Error ? error.message : "unknown error"}`);
    }
  }

  #change(runtime: Runtime, options: MonitorOptions): void {
    const fixed = FIXED.filter((name) => options[name] !== undefined);
    if (fixed.length > 0) warnOnce(`configure() cannot change ${fixed.join(", ")} after monitoring has started`);
    const config = this.#readConfig();
    for (const { variable, message } of config.problems) warnOnce(`${variable} ${message}`);
    runtime.update(config);
    this.#paused = !config.enabled;
    this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener(this.#available);
  }
}

function isManager(value: unknown): value is Manager {
  return (
    typeof value === "object" &&
    value !== null &&
    "interfaceVersion" in value &&
    value.interfaceVersion === INTERFACE_VERSION
  );
}

/** ESM and `require`d copies, or two installed ones, share one registry and one exporter. */
function sharedManager(): Manager {
  const found: unknown = Reflect.get(globalThis, KEY);
  if (isManager(found)) return found;
  if (found === undefined) {
    const created = new SharedManager();
    Reflect.defineProperty(globalThis, KEY, { value: created, configurable: true });
    return created;
  }
  warnOnce("another version of @nexent/monitor is loaded in this process; this copy stays off");
  return offManager();
}

/** A manager that never starts. */
function offManager(): Manager {
  const off = (): MonitorStatus => ({ state: "disabled", tracing: "none", serviceName: "nexent-backend" });
  return {
    interfaceVersion: INTERFACE_VERSION,
    runtime: () => undefined,
    addSite: () => undefined,
    onAvailability: (listener) => listener(false),
    configure: off,
    status: off,
    metricsText: (format) => exposeRuntime(undefined, format),
    activeSpan: () => undefined,
    shutdown: () => Promise.resolve(),
  };
}

export const manager = sharedManager();

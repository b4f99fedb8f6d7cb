/** The singleton behind the public functions. */
import { warnOnce } from "./diagnostics.ts";
import type { BackendSpan } from "./backend/backend.ts";
import type { MonitorOptions } from "./config/config.ts";
import { exposeRuntime, startRuntime, statusOf, type MonitorStatus, type Runtime } from "./runtime.ts";

/** Bumped when copies of the package of different versions could no longer share one manager. */
const INTERFACE_VERSION = 1;
const KEY = Symbol.for("@nexent/monitor");

interface Manager {
  readonly interfaceVersion: number;
  /** The monitor, started at the first call; undefined when monitoring is off. */
  runtime(): Runtime | undefined;
  configure(options: MonitorOptions): MonitorStatus;
  status(): MonitorStatus;
  metricsText(): string;
  activeSpan(): BackendSpan | undefined;
  shutdown(timeoutMs?: number): Promise<void>;
}

class SharedManager implements Manager {
  readonly interfaceVersion = INTERFACE_VERSION;
  #options: MonitorOptions = {};
  #runtime: Runtime | undefined;
  #decided = false;

  runtime(): Runtime | undefined {
    // Decided at the first use, not at import: .env loaders may run in between.
    if (!this.#decided) this.#start();
    return this.#runtime;
  }

  configure(options: MonitorOptions): MonitorStatus {
    if (this.#decided && this.#runtime !== undefined && Object.keys(options).length > 0) {
      warnOnce("configure() was called after monitoring had started; its options are not used");
      return this.status();
    }
    this.#options = { ...this.#options, ...options };
    this.#start();
    return this.status();
  }

  status(): MonitorStatus {
    return statusOf(this.runtime());
  }

  metricsText(): string {
    return exposeRuntime(this.runtime());
  }

  activeSpan(): BackendSpan | undefined {
    return this.runtime()?.started.backend.activeSpan();
  }

  async shutdown(timeoutMs?: number): Promise<void> {
    const runtime = this.#runtime;
    this.#runtime = undefined;
    // A later use starts anew only if asked by configure(): a program that is ending must not load things again.
    this.#decided = true;
    if (runtime === undefined) return;
    runtime.idle.stop();
    runtime.recorder.close();
    await runtime.started.backend.shutdown(timeoutMs ?? runtime.config.shutdownTimeoutMs);
  }

  #start(): void {
    this.#decided = true;
    try {
      this.#runtime = startRuntime(this.#options, warnOnce);
    } catch (error) {
      warnOnce(`monitoring could not start: ${error instanceof Error ? error.message : "unknown error"}`);
    }
  }
}

/** ESM and `require`d copies, or two installed ones, share one registry and one exporter. */
function sharedManager(): Manager {
  const holder = globalThis as { [KEY]?: Manager };
  const found = holder[KEY];
  if (found === undefined) {
    const created = new SharedManager();
    Reflect.defineProperty(holder, KEY, { value: created, configurable: true });
    return created;
  }
  if (found.interfaceVersion === INTERFACE_VERSION) return found;
  warnOnce("another version of @nexent/monitor is loaded in this process; this copy stays off");
  return new SharedManager();
}

export const manager = sharedManager();

import type { ExpositionFormat } from "@nexent/monitor-core";
import type { MonitorOptions } from "./config/config.ts";
import { givenOptions } from "./given-options.ts";
import { manager } from "./manager.ts";
import type { MonitorStatus } from "./runtime.ts";

/** Whether OpenTelemetry is loaded and usable. A live binding: it is decided at the first use. */
export let MONITORING_AVAILABLE = false;

manager.onAvailability((available) => {
  MONITORING_AVAILABLE = available;
});

/**
 * Starts monitoring with these options; they win over the environment. Call it at start: loading takes some 0.2 s.
 * Called again, thresholds, limits and switches act on later calls; what the backend was started with stays.
 * @example
 * configure({ enabled: true, serviceName: "shop-assistant", endpoint: "http://127.0.0.1:4318" });
 */
export function configure(options: MonitorOptions = {}): MonitorStatus {
  return manager.configure(givenOptions(options));
}

/** The state, and why it is not `active`. */
export function status(): MonitorStatus {
  return manager.status();
}

/**
 * Ends open calls as `abandoned`, flushes and stops within `timeoutMs` (default 2000). Never rejects; may be called
 * twice. Nothing starts again before `configure()`.
 */
export async function shutdown(options: { readonly timeoutMs?: number } = {}): Promise<void> {
  await manager.shutdown(givenOptions(options).timeoutMs);
}

/**
 * Text of `/metrics`: `text` is format 0.0.4, `openmetrics` has exemplars. Only the state family while monitoring is off.
 */
export function metricsText(format: ExpositionFormat = "text"): string {
  return manager.metricsText(format);
}

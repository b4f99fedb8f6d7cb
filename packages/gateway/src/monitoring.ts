/** What the gateway tells and to whom: the registry behind `/metrics`, the span backend, the recorder. */
import { createMetricRegistry, METRICS, type ExpositionFormat, type MetricRegistry } from "@nexent/monitor-core";
import type { Recorder, SpanBackend } from "@nexent/monitor/recorder";

/** Running telemetry. */
export interface Monitoring {
  readonly registry: MetricRegistry;
  readonly backend: SpanBackend;
  readonly recorder: Recorder;
  /** Unix milliseconds with fraction, the same clock as the recorder's. */
  readonly wallMs: () => number;
  /** False: spans go nowhere although they should. */
  readonly tracingAvailable: boolean;
}

const STATES = ["disabled", "unavailable", "degraded", "active"] as const;
const RECENT_DROP_MS = 60_000;

type State = (typeof STATES)[number];

function setState(registry: MetricRegistry, current: State): void {
  for (const state of STATES) registry.gauge(METRICS.nexentMonitorState, { state }).set(state === current ? 1 : 0);
}

function stateOf({ backend, wallMs, tracingAvailable }: Monitoring): State {
  if (!tracingAvailable) return "unavailable";
  const { failingSinceMs, lastDropMs } = backend.health;
  const dropped = lastDropMs !== undefined && wallMs() - lastDropMs < RECENT_DROP_MS;
  return failingSinceMs !== undefined || dropped ? "degraded" : "active";
}

/**
 * The text of `/metrics`. Without telemetry it shows the state family only; otherwise everything, with the gauges
 * brought up to date by `refresh` first.
 */
export function createExposition(
  monitoring: Monitoring | undefined,
  refresh: (registry: MetricRegistry) => void,
): (format: ExpositionFormat) => string {
  if (monitoring === undefined) {
    const registry = createMetricRegistry();
    setState(registry, "disabled");
    return (format) => registry.expose(format, { families: [METRICS.nexentMonitorState.name] });
  }
  const { registry, recorder } = monitoring;
  return (format) => {
    setState(registry, stateOf(monitoring));
    recorder.refresh();
    refresh(registry);
    return registry.expose(format);
  };
}

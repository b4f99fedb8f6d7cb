/** What the gateway tells and to whom: the registry behind `/metrics`, the span backend, the recorder. */
import {
  createMetricRegistry,
  METRICS,
  type ExpositionFormat,
  type FamilyReading,
  type MetricRegistry,
} from "@nexent/monitor-core";
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
  /** Attributes of `target_info`. */
  readonly resource?: Readonly<Record<string, string>>;
  /** Whether the latest push of metrics failed; default: nothing is pushed. */
  readonly pushFails?: () => boolean;
}

/** Everything `/metrics` shows. */
export interface Exposition {
  /** Brings what is only known when it is asked for up to date. */
  readonly refresh: () => void;
  readonly expose: (format: ExpositionFormat) => string;
  /** Every family of this process, up to date. */
  readonly read: () => readonly FamilyReading[];
  /** One exposition of several processes, each given by what it has read. */
  readonly merged: (processes: readonly (readonly FamilyReading[])[]) => (format: ExpositionFormat) => string;
}

/** From the best to the one that is to be told first. */
const STATES = ["disabled", "active", "degraded", "unavailable"] as const;
const RECENT_DROP_MS = 60_000;

type State = (typeof STATES)[number];

function setState(registry: MetricRegistry, current: State): void {
  for (const state of STATES) registry.gauge(METRICS.nexentMonitorState, { state }).set(state === current ? 1 : 0);
}

function stateOf({ backend, wallMs, tracingAvailable, pushFails }: Monitoring): State {
  if (!tracingAvailable) return "unavailable";
  const { failingSinceMs, lastDropMs } = backend.health;
  const dropped = lastDropMs !== undefined && wallMs() - lastDropMs < RECENT_DROP_MS;
  return failingSinceMs !== undefined || dropped || pushFails?.() === true ? "degraded" : "active";
}

/** The state of several processes together: that of the one that is worst off. */
function worstState(processes: readonly (readonly FamilyReading[])[]): State {
  const shown = processes
    .flat()
    .filter(({ definition }) => definition.name === METRICS.nexentMonitorState.name)
    .flatMap(({ series }) => series)
    .map((one) => ("value" in one && one.value === 1 ? STATES.findIndex((state) => state === one.labels[0]) : 0));
  return STATES[Math.max(0, ...shown)] ?? "disabled";
}

/** Without telemetry the state family alone is shown, with nothing to merge. */
function disabledExposition(): Exposition {
  const registry = createMetricRegistry();
  setState(registry, "disabled");
  const expose = (format: ExpositionFormat): string =>
    registry.expose(format, { families: [METRICS.nexentMonitorState.name] });
  return { refresh: () => undefined, expose, read: () => registry.read(), merged: () => expose };
}

/** The exposition of a process; its gauges are brought up to date by `refreshGauges`. */
export function createExposition(
  monitoring: Monitoring | undefined,
  refreshGauges: (registry: MetricRegistry) => void,
): Exposition {
  if (monitoring === undefined) return disabledExposition();
  const { registry, recorder } = monitoring;
  function refresh(): void {
    if (monitoring !== undefined) setState(registry, stateOf(monitoring));
    recorder.refresh();
    refreshGauges(registry);
  }
  return {
    refresh,
    expose(format) {
      refresh();
      return registry.expose(format);
    },
    read() {
      refresh();
      return registry.read();
    },
    merged(processes) {
      // What each process admitted is admitted: limits are theirs.
      const sum = createMetricRegistry({
        maxModels: Infinity,
        maxSeries: Infinity,
        resource: monitoring.resource ?? {},
      });
      for (const families of processes) sum.absorb(families);
      setState(sum, worstState(processes));
      return (format) => sum.expose(format);
    },
  };
}

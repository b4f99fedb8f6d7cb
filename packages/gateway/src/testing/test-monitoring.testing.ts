/** Telemetry whose spans stay in memory, with the real recorder and the real registry. */
import { createMetricRegistry, type MetricRegistry } from "@nexent/monitor-core";
import {
  createRecorder,
  type Attributes,
  type BackendSpan,
  type RecorderSettings,
  type SpanBackend,
  type SpanStart,
} from "@nexent/monitor/recorder";
import type { Monitoring } from "../monitoring.ts";
import { createWallClock } from "../wall-clock.ts";

export interface SeenSpan {
  readonly start: SpanStart;
  name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly attributes: Record<string, Attributes[string]>;
  readonly events: string[];
  ended: boolean;
  error: string | true | undefined;
}

export interface TestMonitoring extends Monitoring {
  readonly spans: SeenSpan[];
  /** LLM spans that have ended. */
  calls(): SeenSpan[];
  /** Value of a sample of the text exposition; undefined when it is not there. */
  sample(series: string): number | undefined;
}

function createMemoryBackend(spans: SeenSpan[]): SpanBackend {
  let count = 0;
  const hex = (length: number): string => (count += 1).toString(16).padStart(length, "0");
  return {
    name: "otel",
    startSpan(start): BackendSpan {
      const seen: SeenSpan = {
        start,
        name: start.name,
        traceId: start.parent?.traceId ?? hex(32),
        spanId: hex(16),
        attributes: { ...start.attributes },
        events: [],
        ended: false,
        error: undefined,
      };
      spans.push(seen);
      return {
        context: { traceId: seen.traceId, spanId: seen.spanId, traceFlags: 1 },
        recording: true,
        setAttribute: (name, value) => void Object.assign(seen.attributes, { [name]: value }),
        setAttributes: (attributes) => void Object.assign(seen.attributes, attributes),
        updateName: (name) => {
          seen.name = name;
        },
        addEvent: (name) => void seen.events.push(name),
        keep: () => true,
        end: (options) => {
          seen.ended = true;
          seen.error = options?.error;
        },
      };
    },
    withSpan: (_span, fn) => fn(),
    contextIsUsed: () => false,
    activeSpan: () => undefined,
    activeOwner: () => undefined,
    health: { exported: 0, dropped: 0, exportFailures: 0 },
    flush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
}

export function createTestMonitoring(
  registry: MetricRegistry = createMetricRegistry(),
  settings: Partial<RecorderSettings> = {},
): TestMonitoring {
  const spans: SeenSpan[] = [];
  const backend = createMemoryBackend(spans);
  const wallMs = createWallClock();
  const recorder = createRecorder({
    registry,
    backend,
    slowRequestSeconds: 5,
    slowTokenRate: 10,
    tokenTape: true,
    tokenTapeMaxBytes: 16_384,
    estimateTokens: true,
    exemplars: false,
    stallMinSeconds: 2,
    stallFactor: 10,
    stallFirstTokenSeconds: 60,
    ...settings,
    wallMs,
  });
  return {
    registry,
    backend,
    recorder,
    wallMs,
    tracingAvailable: true,
    spans,
    calls: () => spans.filter((span) => span.start.kind === "client" && span.ended),
    sample(series) {
      const line = registry
        .expose("text")
        .split("\n")
        .find((candidate) => candidate.startsWith(`${series} `));
      return line === undefined ? undefined : Number(line.slice(series.length + 1));
    },
  };
}

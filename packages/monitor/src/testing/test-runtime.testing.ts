import { createMetricRegistry, type MetricRegistry } from "@nexent/monitor-core";
import { createAbandonWatch, type AbandonWatch } from "../follow/abandon-watch.ts";
import { createRecorder } from "../recording/recorder.ts";
import type { LlmCall, Recorder, RecorderOptions } from "../recording/recording.ts";
import { createCollectingBackend } from "./collecting-backend.testing.ts";

export const SETTINGS = {
  slowRequestSeconds: 5,
  slowTokenRate: 10,
  tokenTape: true,
  tokenTapeMaxBytes: 16_384,
  estimateTokens: true,
  exemplars: true,
  stallMinSeconds: 2,
  stallFactor: 10,
  stallFirstTokenSeconds: 60,
} as const;

export const CALL: LlmCall = {
  provider: "openai",
  model: "gpt-4o",
  operation: "chat",
  streaming: true,
  clockSource: "iterator",
};

/** A recorder with everything a test wants to look at. */
export interface TestRuntime {
  readonly backend: ReturnType<typeof createCollectingBackend>;
  readonly registry: MetricRegistry;
  readonly recorder: Recorder;
  readonly watch: AbandonWatch;
  /** Value of one sample line of the text format; undefined when there is none. */
  readonly sample: (line: string) => number | undefined;
}

export function createTestRuntime(options: Partial<RecorderOptions> & { readonly idleMs?: number } = {}): TestRuntime {
  const backend = createCollectingBackend();
  const registry = createMetricRegistry();
  const { idleMs = 600_000, ...more } = options;
  return {
    backend,
    registry,
    recorder: createRecorder({ ...SETTINGS, registry, backend, ...more }),
    watch: createAbandonWatch(idleMs),
    sample(line) {
      const found = registry
        .expose("text")
        .split("\n")
        .find((one) => one.startsWith(`${line} `));
      return found === undefined ? undefined : Number(found.slice(line.length + 1));
    },
  };
}

/** Monotonic and wall clock of a test, moved by hand; milliseconds. */
export function createTestClock(startMs = 1000): {
  readonly nowMs: () => number;
  readonly wallMs: () => number;
  advance(ms: number): void;
} {
  let now = startMs;
  return {
    nowMs: () => now,
    wallMs: () => 1_700_000_000_000 + now,
    advance(ms) {
      now += ms;
    },
  };
}

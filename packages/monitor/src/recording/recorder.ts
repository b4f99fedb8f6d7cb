/** One record per request: span and metrics, exactly one outcome. The same code serves the SDK and the gateway. */
import { createTextKeeper } from "./answer-text.ts";
import { createCallSeries } from "./call-series.ts";
import { createGenAiMetrics } from "./gen-ai-metrics.ts";
import { createLoopLag } from "./loop-lag.ts";
import { createOpenCalls } from "./open-calls.ts";
import { OpenRecording, type OpenShared } from "./open-recording.ts";
import type { Recorder, RecorderOptions, RecorderSettings } from "./recording.ts";
import { createTextCounting } from "./text-counting.ts";

const RECENT_LAG_MS = 1000;

/** The global of this name is a getter, so it is read once; not at import, as it loads a part of Node. */
function monotonicClock(): () => number {
  const time = performance;
  return () => time.now();
}

/** A recorder over a registry and a span backend. Without OpenTelemetry the backend is the no-op one; metrics go on. */
export function createRecorder(options: RecorderOptions): Recorder {
  const { registry, backend, nowMs = monotonicClock(), wallMs = Date.now, callFamilies = false } = options;
  const open = createOpenCalls<OpenRecording>(registry, nowMs);
  const shared: OpenShared = {
    registry,
    backend,
    nowMs,
    wallMs,
    open,
    lag: createLoopLag(nowMs, () => open.all.length > 0),
    callFamilies,
    genAi: createGenAiMetrics(registry),
    texts: createTextKeeper(),
    counting: createTextCounting(nowMs),
    seriesOf: createCallSeries(registry),
    overhead: undefined,
  };
  let settings: RecorderSettings = options;
  return {
    start(call, startOptions = {}) {
      const recording = new OpenRecording(shared, settings, call, startOptions);
      open.add(recording);
      shared.lag.start();
      return recording;
    },
    update(changed) {
      settings = changed;
    },
    refresh: () => open.refresh(),
    get lagSeconds() {
      return shared.lag.longestSince(nowMs() - RECENT_LAG_MS) ?? 0;
    },
    close() {
      for (const recording of open.all.slice()) recording.end({ outcome: "abandoned" });
      shared.counting.close();
      open.stop();
      shared.lag.stop();
    },
  };
}

/** Event-loop lag of this process as a gauge: a late loop makes every time stamp late. */
import type { GaugeSeries } from "@nexent/monitor-core";

const INTERVAL_MS = 100;
const WINDOW_TICKS = 10;

/** Shows in `gauge` how late a timer fired at most over the last second. The timer does not keep the process alive. */
export function startLagMeter(gauge: GaugeSeries): { close(): void } {
  const lagsMs = new Float64Array(WINDOW_TICKS);
  let tick = 0;
  let dueMs = performance.now() + INTERVAL_MS;
  const timer = setInterval(() => {
    const nowMs = performance.now();
    lagsMs[tick % WINDOW_TICKS] = Math.max(0, nowMs - dueMs);
    tick += 1;
    gauge.set(Math.max(...lagsMs) / 1000);
    dueMs = nowMs + INTERVAL_MS;
  }, INTERVAL_MS);
  timer.unref();
  return { close: () => clearInterval(timer) };
}

import { METRICS, type GaugeSeries, type LiveStall, type MetricRegistry } from "@nexent/monitor-core";

/** What the live gauges need to know of an open call. */
export interface OpenCall {
  readonly labels: { readonly model: string; readonly operation: string; readonly provider: string };
  readonly phase: "waiting" | "generating";
  /** The stall that is open at a monotonic time. */
  liveStall(nowMs: number): LiveStall | undefined;
  /** Called once per stall, when it is recognised. */
  stallRecognised(stall: LiveStall): void;
}

/** Open calls of one recorder, and the gauges and stall counts that live while they are open. */
export interface OpenCalls {
  add(call: OpenCall): void;
  delete(call: OpenCall): void;
  /** Brings gauges up to date and recognises stalls. */
  refresh(): void;
  stop(): void;
}

const TICK_MS = 250;

/** One shared timer for all open calls; it runs only while there are some and keeps no process alive. */
export function createOpenCalls(registry: MetricRegistry, nowMs: () => number): OpenCalls {
  const open = new Set<OpenCall>();
  /** Every gauge ever set, so that it falls back to 0 when its calls have ended. */
  const gauges = new Set<GaugeSeries>();
  let timer: NodeJS.Timeout | undefined;

  const raise = (counts: Map<GaugeSeries, number>, gauge: GaugeSeries): void => {
    counts.set(gauge, (counts.get(gauge) ?? 0) + 1);
  };

  function refresh(): void {
    const counts = new Map<GaugeSeries, number>();
    const now = nowMs();
    for (const call of open) {
      raise(counts, registry.gauge(METRICS.llmRequestsInFlight, { ...call.labels, phase: call.phase }));
      const stall = call.liveStall(now);
      if (stall === undefined) continue;
      raise(counts, registry.gauge(METRICS.llmStreamsStalled, call.labels));
      call.stallRecognised(stall);
    }
    for (const gauge of gauges) if (!counts.has(gauge)) gauge.set(0);
    for (const [gauge, count] of counts) {
      gauge.set(count);
      gauges.add(gauge);
    }
  }

  function stop(): void {
    clearInterval(timer);
    timer = undefined;
  }

  return {
    add(call) {
      open.add(call);
      if (timer !== undefined) return;
      timer = setInterval(refresh, TICK_MS);
      timer.unref();
    },
    delete(call) {
      open.delete(call);
      if (open.size > 0) return;
      stop();
      refresh();
    },
    refresh,
    stop,
  };
}

import { METRICS, type GaugeSeries, type LiveStall, type MetricRegistry } from "@nexent/monitor-core";

/** What is to be known of an open call. */
export interface OpenCall {
  readonly labels: { readonly model: string; readonly operation: string; readonly provider: string };
  readonly phase: "waiting" | "generating";
  /** Left its record to a call inside it: no gauge counts it. */
  readonly delegated: boolean;
  /** Where it stands among the open calls; theirs alone to write, -1 at first. */
  place: number;
  /** The stall that is open at a monotonic time. */
  liveStall(nowMs: number): LiveStall | undefined;
  /** Called at every look while the stall is open. */
  stallRecognised(stall: LiveStall): void;
}

/** Open calls of one recorder, and the gauges and stall counts that live while they are open. */
export interface OpenCalls<Call extends OpenCall> {
  add(call: Call): void;
  delete(call: Call): void;
  /** A call that stays open has become delegated. */
  leave(): void;
  readonly all: readonly Call[];
  /** Brings gauges up to date and recognises stalls. */
  refresh(): void;
  stop(): void;
}

const TICK_MS = 250;

/** One shared timer for all open calls; it runs only while there are some, and keeps no process alive. */
export function createOpenCalls<Call extends OpenCall>(registry: MetricRegistry, nowMs: () => number): OpenCalls<Call> {
  // In no order. A set would rehash time and again for calls that come and go.
  const open: Call[] = [];
  let counted = 0;
  /** Gauges that are not 0, so that they fall back to it. */
  let raised = new Map<GaugeSeries, number>();
  let timer: NodeJS.Timeout | undefined;

  function refresh(): void {
    const counts = new Map<GaugeSeries, number>();
    const raise = (gauge: GaugeSeries): void => void counts.set(gauge, (counts.get(gauge) ?? 0) + 1);
    const now = nowMs();
    for (const call of open) {
      if (call.delegated) continue;
      raise(registry.gauge(METRICS.llmRequestsInFlight, { ...call.labels, phase: call.phase }));
      const stall = call.liveStall(now);
      if (stall === undefined) continue;
      raise(registry.gauge(METRICS.llmStreamsStalled, call.labels));
      call.stallRecognised(stall);
    }
    for (const gauge of raised.keys()) if (!counts.has(gauge)) gauge.set(0);
    for (const [gauge, count] of counts) gauge.set(count);
    raised = counts;
  }

  /** The timer stops itself: short calls one after the other must not start and stop it each time. */
  function tick(): void {
    if (open.length === 0) stop();
    refresh();
  }

  function stop(): void {
    clearInterval(timer);
    timer = undefined;
  }

  function leave(): void {
    counted -= 1;
    if (counted === 0 && raised.size > 0) refresh();
  }

  return {
    all: open,
    add(call) {
      call.place = open.length;
      open.push(call);
      counted += 1;
      if (timer !== undefined) return;
      timer = setInterval(tick, TICK_MS);
      timer.unref();
    },
    delete(call) {
      const last = open[call.place] === call ? open.pop() : undefined;
      if (last === undefined) return;
      if (last !== call) {
        open[call.place] = last;
        last.place = call.place;
      }
      call.place = -1;
      if (!call.delegated) leave();
    },
    leave,
    refresh,
    stop,
  };
}

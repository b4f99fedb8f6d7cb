/** Tells a call that has ended: its metrics, whether its trace is kept, its span. Once, when its counts are final. */
import { METRICS, type Exemplar, type TokenTimings } from "@nexent/monitor-core";
import { keepReasonOf } from "../sampling/keep-reason.ts";
import { recordCallMetrics, recordRetry, recordWholeCall } from "./call-metrics.ts";
import { endCallSpan, tellAttempt, type EndedRequest } from "./call-span.ts";
import type { CallSeries } from "./call-series.ts";
import type { CallState } from "./call-state.ts";
import { meetsObjectives } from "./goodput.ts";
import type { CallEnd } from "./recording.ts";

type Slow = EndedRequest["slow"];

const NOT_SLOW: Slow = [];

/** An ended call. */
export interface CallOutcome {
  /** How the call ended. */
  readonly end: CallEnd;
  /** How its last request ended: whoever stops waiting for another attempt ends the call, not the request. */
  readonly request: CallEnd;
  readonly timings: TokenTimings;
  /** When it ended, monotonic milliseconds. */
  readonly endMs: number;
  readonly lagSeconds: number | undefined;
}

/** The record of the call. */
export function tellCall(state: CallState, outcome: CallOutcome): void {
  const { end, request, timings, endMs, lagSeconds } = outcome;
  const slow = slowOf(state, timings);
  demandKeep(state, outcome, slow);
  if (!state.delegated) {
    const series = state.shared.seriesOf(state.labels);
    const exemplar = state.exemplar();
    measureRequest(state, series, exemplar, { end: request, timings, slow });
    measureCall(state, series, exemplar, outcome);
  }
  endCallSpan(state, { end, timings, slow, lagSeconds }, endMs);
}

/** The current attempt is over and another follows: it is a failed request of its own. */
export function tellLostAttempt(state: CallState, failure: CallEnd, timings: TokenTimings): void {
  const { lag, seriesOf } = state.shared;
  const slow = slowOf(state, timings);
  if (!state.delegated) {
    const series = seriesOf(state.labels);
    measureRequest(state, series, state.exemplar(), { end: failure, timings, slow });
    recordRetry(series, failure);
  }
  tellAttempt(state, { end: failure, timings, slow, lagSeconds: lag.longestSince(state.startedAtMs) });
}

function slowOf({ settings }: CallState, timings: TokenTimings): Slow {
  const { slowRequestSeconds, slowTokenRate } = settings;
  const isLong = (timings.endMicros ?? 0) / 1e6 > slowRequestSeconds;
  // An estimated rate may be off by its estimate: it accuses nobody.
  const rate = timings.estimated ? undefined : timings.generationRateTokensPerSecond;
  const isSlow = rate !== undefined && rate < slowTokenRate;
  if (!isLong && !isSlow) return NOT_SLOW;
  return isLong && isSlow ? ["duration", "rate"] : [isLong ? "duration" : "rate"];
}

/** Failed, stalled and slow calls are kept whatever the head decision. Who left its record to another has no stream. */
function demandKeep(state: CallState, { end, timings, endMs }: CallOutcome, slow: Slow): void {
  const reason = keepReasonOf({
    failed: end.outcome === "error",
    stalled: !state.delegated && timings.stalls.length > 0,
    slow: end.outcome !== "abandoned" && (endMs - state.startedAtMs) / 1000 > state.settings.slowRequestSeconds,
    slowRate: slow.includes("rate"),
  });
  if (reason !== undefined && state.span.keep(reason)) state.kept = true;
}

function measureRequest(
  state: CallState,
  series: CallSeries,
  exemplar: Exemplar | undefined,
  { end, timings, slow }: Pick<EndedRequest, "end" | "timings" | "slow">,
): void {
  const { call, clock, settings, stallsCounted } = state;
  recordCallMetrics({
    series,
    streaming: call.streaming,
    end,
    timings,
    clock,
    slow,
    good: meetsObjectives(end, timings, settings),
    stallsCounted,
    exemplar,
  });
  if (timings.malformedCount === 0) return;
  const { registry } = state.shared;
  registry.counter(METRICS.nexentMonitorParseErrors, { provider: call.provider }).add(timings.malformedCount);
}

/** What the application waited: all attempts, from the moment it asked. */
function measureCall(
  state: CallState,
  series: CallSeries,
  exemplar: Exemplar | undefined,
  { end, timings, endMs }: CallOutcome,
): void {
  const { callFamilies, genAi } = state.shared;
  const { call, clock, startedAtMs } = state;
  const durationSeconds = end.outcome === "abandoned" ? undefined : Math.max(0, endMs - startedAtMs) / 1000;
  const waitSeconds = (state.requestAtMs - startedAtMs) / 1000;
  const semconv = state.settings.semconv ?? "v0.1.0";
  genAi.record({ call, end, timings, clock, durationSeconds, waitSeconds, semconv, exemplar });
  if (!callFamilies || durationSeconds === undefined) return;
  const { firstTokenMicros } = timings;
  const ttftSeconds = firstTokenMicros === undefined ? undefined : firstTokenMicros / 1e6 + waitSeconds;
  recordWholeCall({ series, outcome: end.outcome, durationSeconds, ttftSeconds, exemplar });
}

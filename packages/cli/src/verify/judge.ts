import type { ScenarioTruth, Scenario } from "@nexent/monitor-core/scenarios";
import { correctTruth, type TimedTruth } from "./corrected-truth.ts";
import type { HiddenField } from "./clients/driver.ts";
import type { ObservedRecord, PlayEvidence, TargetName } from "./evidence.ts";
import { median } from "./median.ts";

/** How far a measured number may be off, as median over the plays of a scenario. */
export interface Tolerances {
  /** For TTFT and the other firsts; default 2 ms. */
  readonly ttftMs: number;
  /** For the generation rate, percent; default 1. */
  readonly ratePercent: number;
  /** For the duration; default 10 ms: the end of a body passes through more hands than a token. */
  readonly durationMs: number;
  /** From the client's leaving to the upstream noticing; default 100 ms. */
  readonly abortMs: number;
}

/** The bounds of the measurement contract. */
export const DEFAULT_TOLERANCES: Tolerances = { ttftMs: 2, ratePercent: 1, durationMs: 10, abortMs: 100 };

/** The judgement on one scenario at one target. A number is absent when there is nothing to compare. */
export interface Verdict {
  readonly scenario: string;
  readonly target: TargetName;
  readonly plays: number;
  readonly records: number;
  /** Plays without any record. */
  readonly lost: number;
  /** Median of the absolute errors. */
  readonly ttftErrorMs?: number;
  readonly rateErrorPercent?: number;
  readonly upstreamAbortMs?: number;
  /** As measured; several when the plays disagree. */
  readonly outcomes: readonly string[];
  /** Output tokens as measured, `~` before an estimate; `–` = unknown. */
  readonly outputTokens: readonly string[];
  /** What is wrong, in sentences; empty = passed. */
  readonly failures: readonly string[];
  /** Nothing is wrong but times: a disturbed host can cause that, more plays can tell. */
  readonly onlyTimesFail: boolean;
}

/** Everything to judge together. */
export interface Case {
  readonly scenario: Scenario;
  readonly target: TargetName;
  readonly plays: readonly PlayEvidence[];
  /** What cannot be seen at this target; default: nothing. */
  readonly hidden?: readonly HiddenField[];
}

/** Compares what a target recorded with the right answer. Pure: the same evidence gives the same verdict. */
export function judge(given: Case, tolerances: Tolerances = DEFAULT_TOLERANCES): Verdict {
  const { scenario, target, plays, hidden = [] } = given;
  const seen = (field: string): boolean => !hidden.some((name) => name === field);
  const records = plays.flatMap((play) => play.observed);
  const pairs = plays.flatMap((play) => pairOf(scenario, play));
  const ttftErrorMs = timeErrorMs(pairs, "ttftSeconds", (record) => record.fields.ttftSeconds);
  const rateErrorPercent = rateError(pairs);
  const upstreamAbortMs = abortDelayMs(plays);
  const wrong = [
    ...countFailures(plays),
    ...wordFailures(scenario.truth, records, seen),
    ...attemptFailures(scenario, records),
    ...presenceFailures(scenario.truth, records, seen),
  ];
  const late = [
    ...firstsFailures(pairs, tolerances, seen),
    ...rateFailures(rateErrorPercent, tolerances),
    ...durationFailures(scenario, pairs, tolerances),
    ...abortFailures(upstreamAbortMs, tolerances),
    ...ratePresenceFailures(scenario.truth, records),
  ];
  return {
    scenario: scenario.name,
    target,
    plays: plays.length,
    records: records.length,
    lost: plays.filter((play) => play.observed.length === 0).length,
    outcomes: distinct(records.map(({ fields }) => outcomeText(fields.outcome, fields.errorType))),
    outputTokens: distinct(records.map(({ fields }) => tokenText(fields.outputTokens, fields.estimated))),
    ...(ttftErrorMs === undefined ? {} : { ttftErrorMs }),
    ...(rateErrorPercent === undefined ? {} : { rateErrorPercent }),
    ...(upstreamAbortMs === undefined ? {} : { upstreamAbortMs }),
    failures: [...wrong, ...late],
    onlyTimesFail: wrong.length === 0 && late.length > 0,
  };
}

/** The firsts that must be present or absent as the scenario says. */
const FIRSTS = [
  ["first chunk", "firstChunkSeconds"],
  ["TTFT", "ttftSeconds"],
  ["first answer token", "firstAnswerTokenSeconds"],
  ["first tool call", "firstToolCallSeconds"],
] as const;

interface Pair {
  readonly record: ObservedRecord;
  readonly truth: TimedTruth;
}

function pairOf(scenario: Scenario, evidence: PlayEvidence): readonly Pair[] {
  const record = evidence.observed[0];
  if (record === undefined || evidence.play === undefined) return [];
  return [{ record, truth: correctTruth(scenario, evidence.play) }];
}

function countFailures(plays: readonly PlayEvidence[]): readonly string[] {
  const failures: string[] = [];
  const notPlayed = plays.filter((play) => play.play === undefined).length;
  const lost = plays.filter((play) => play.observed.length === 0).length;
  const doubled = plays.filter((play) => play.observed.length > 1).length;
  if (plays.length === 0) failures.push("nothing was played");
  if (notPlayed > 0) failures.push(`${notPlayed} of ${plays.length} requests never reached the server`);
  if (lost > 0) failures.push(`${lost} of ${plays.length} calls have no record`);
  const unheard = plays.filter(
    (play) => play.leftUnixMs !== undefined && play.play !== undefined && play.play.state !== "aborted",
  ).length;
  if (unheard > 0) failures.push(`${unheard} of ${plays.length} early ends never reached the upstream`);
  if (doubled > 0) failures.push(`${doubled} of ${plays.length} calls have more than one record`);
  return failures;
}

type Seen = (field: string) => boolean;

function wordFailures(truth: ScenarioTruth, records: readonly ObservedRecord[], seen: Seen): readonly string[] {
  const rightOutcome = outcomeText(truth.outcome, truth.errorType);
  return distinct(
    records.flatMap(({ fields }) => [
      ...differs("outcome", outcomeText(fields.outcome, fields.errorType), rightOutcome),
      ...differs(
        "output tokens",
        tokenText(fields.outputTokens, fields.estimated),
        tokenText(truth.outputTokens, truth.estimated),
      ),
      ...(seen("inputTokens")
        ? differs("input tokens", tokenText(fields.inputTokens, false), tokenText(truth.inputTokens, false))
        : []),
      ...differs("stalls", String(fields.stallCount ?? 0), String(truth.stallCount)),
    ]),
  );
}

/** Attempts are told where the call had several, or where each was seen. */
function attemptFailures({ refusals = [] }: Scenario, records: readonly ObservedRecord[]): readonly string[] {
  const right = 1 + refusals.length;
  return distinct(records.flatMap(({ fields }) => differs("attempts", String(fields.attempts ?? 1), String(right))));
}

function presenceFailures(truth: ScenarioTruth, records: readonly ObservedRecord[], seen: Seen): readonly string[] {
  return distinct(
    records.flatMap(({ fields }) =>
      FIRSTS.flatMap(([label, field]) => {
        if (!seen(field)) return [];
        if (truth[field] === undefined && fields[field] !== undefined)
          return [`${label} must be unknown, is ${fields[field]}`];
        if (truth[field] !== undefined && fields[field] === undefined) return [`${label} is missing`];
        return [];
      }),
    ),
  );
}

/**
 * A window below 1 ms has no rate: a process that the host lets wait reads many chunks at once, or one read for longer than
 * that. As with the median, most plays decide.
 */
function ratePresenceFailures(truth: ScenarioTruth, records: readonly ObservedRecord[]): readonly string[] {
  const right = truth.generationRateTokensPerSecond !== undefined;
  const wrong = records.filter(({ fields }) => (fields.generationRateTokensPerSecond !== undefined) !== right);
  if (wrong.length * 2 <= records.length) return [];
  const count = `in ${wrong.length} of ${records.length} plays`;
  return [right ? `generation rate is missing ${count}` : `generation rate must be unknown, is present ${count}`];
}

function firstsFailures(pairs: readonly Pair[], tolerances: Tolerances, seen: Seen): readonly string[] {
  return FIRSTS.flatMap(([label, field]) => {
    const error = seen(field) ? timeErrorMs(pairs, field, (record) => record.fields[field]) : undefined;
    return error !== undefined && error > tolerances.ttftMs
      ? [`${label} is off by ${error.toFixed(3)} ms (median), allowed are ${tolerances.ttftMs}`]
      : [];
  });
}

function rateFailures(rateErrorPercent: number | undefined, { ratePercent }: Tolerances): readonly string[] {
  if (rateErrorPercent === undefined || rateErrorPercent <= ratePercent) return [];
  return [`generation rate is off by ${rateErrorPercent.toFixed(3)} % (median), allowed are ${ratePercent}`];
}

function durationFailures(scenario: Scenario, pairs: readonly Pair[], tolerances: Tolerances): readonly string[] {
  // A client that leaves early, or asks again, decides the duration itself.
  if (scenario.client.kind !== "read" || scenario.refusals !== undefined) return [];
  const error = timeErrorMs(pairs, "durationSeconds", (record) => record.durationSeconds);
  return error !== undefined && error > tolerances.durationMs
    ? [`duration is off by ${error.toFixed(3)} ms (median), allowed are ${tolerances.durationMs}`]
    : [];
}

function abortFailures(upstreamAbortMs: number | undefined, tolerances: Tolerances): readonly string[] {
  return upstreamAbortMs !== undefined && upstreamAbortMs > tolerances.abortMs
    ? [`the upstream noticed the end after ${upstreamAbortMs.toFixed(0)} ms, allowed are ${tolerances.abortMs}`]
    : [];
}

function timeErrorMs(
  pairs: readonly Pair[],
  field: Exclude<keyof TimedTruth, "generationRateTokensPerSecond">,
  measuredSeconds: (record: ObservedRecord) => number | undefined,
): number | undefined {
  return median(
    pairs.flatMap(({ record, truth }) => {
      const measured = measuredSeconds(record);
      const right = truth[field];
      return measured === undefined || right === undefined ? [] : [Math.abs(measured - right) * 1000];
    }),
  );
}

function rateError(pairs: readonly Pair[]): number | undefined {
  return median(
    pairs.flatMap(({ record, truth }) => {
      const measured = record.fields.generationRateTokensPerSecond;
      const right = truth.generationRateTokensPerSecond;
      return measured === undefined || right === undefined ? [] : [(Math.abs(measured - right) / right) * 100];
    }),
  );
}

function abortDelayMs(plays: readonly PlayEvidence[]): number | undefined {
  return median(
    plays.flatMap(({ play, leftUnixMs }) => {
      if (play?.endedMs === undefined || play.state !== "aborted" || leftUnixMs === undefined) return [];
      return [Math.max(0, play.arrivedUnixMs + play.endedMs - leftUnixMs)];
    }),
  );
}

function differs(label: string, measured: string, right: string): readonly string[] {
  return measured === right ? [] : [`${label}: ${measured} instead of ${right}`];
}

/** `ok`, `error/timeout`; `–` when unknown. */
function outcomeText(outcome: string | undefined, errorType: string | undefined): string {
  return `${outcome ?? "–"}${errorType === undefined ? "" : `/${errorType}`}`;
}

function tokenText(tokens: number | undefined, estimated: boolean | undefined): string {
  return tokens === undefined ? "–" : `${estimated === true ? "~" : ""}${tokens}`;
}

function distinct(values: readonly string[]): readonly string[] {
  return [...new Set(values)];
}

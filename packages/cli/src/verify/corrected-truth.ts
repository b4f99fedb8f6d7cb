import { emptyStreamEvent, providerByFormat } from "@nexent/monitor-core";
import type { Scenario, ScenarioTruth } from "@nexent/monitor-core/scenarios";
import type { PlayRecord } from "../exact-server/schedule.ts";

/** The times of a scenario's truth, moved by what the server really wrote. Absent stays absent. */
export type TimedTruth = Pick<
  ScenarioTruth,
  | "firstChunkSeconds"
  | "ttftSeconds"
  | "firstAnswerTokenSeconds"
  | "firstToolCallSeconds"
  | "generationRateTokensPerSecond"
  | "durationSeconds"
>;

const TIME_FIELDS = ["firstChunkSeconds", "ttftSeconds", "firstAnswerTokenSeconds", "firstToolCallSeconds"] as const;

/**
 * Every right time shifts by the lateness of the write it belongs to; the rate scales by the real length of its window.
 * The right answer itself stays the scenario's: no measuring code of ours takes part in it.
 */
export function correctTruth(scenario: Scenario, play: PlayRecord): TimedTruth {
  const { truth } = scenario;
  const corrected: { -readonly [K in keyof TimedTruth]: TimedTruth[K] } = {};
  for (const field of TIME_FIELDS) {
    const seconds = truth[field];
    if (seconds !== undefined) corrected[field] = seconds + latenessMs(play, seconds * 1000) / 1000;
  }
  const rate = truth.generationRateTokensPerSecond;
  if (rate !== undefined) corrected.generationRateTokensPerSecond = rate * windowStretch(scenario, play);
  const duration = durationSeconds(scenario, play);
  if (duration !== undefined) corrected.durationSeconds = duration;
  return corrected;
}

/** Lateness of the last write that was due at `plannedMs`. */
function latenessMs(play: PlayRecord, plannedMs: number): number {
  const index = play.plannedMs.findLastIndex(
    (planned, at) => planned <= plannedMs + 0.001 && at < play.writtenMs.length,
  );
  return index < 0 ? 0 : (play.writtenMs[index] ?? 0) - (play.plannedMs[index] ?? 0);
}

/** Planned length of the generating window / its real length. */
function windowStretch(scenario: Scenario, play: PlayRecord): number {
  const counted = countedWrites(scenario).filter((index) => index < play.writtenMs.length);
  const first = counted[0];
  const last = counted.at(-1);
  if (first === undefined || last === undefined || first === last) return 1;
  const planned = (play.plannedMs[last] ?? 0) - (play.plannedMs[first] ?? 0);
  const real = (play.writtenMs[last] ?? 0) - (play.writtenMs[first] ?? 0);
  return planned > 0 && real > 0 ? planned / real : 1;
}

function durationSeconds(scenario: Scenario, play: PlayRecord): number | undefined {
  const { durationSeconds: planned } = scenario.truth;
  if (planned === undefined || scenario.client.kind !== "read") return planned;
  // The end may come with a write (terminal marker) or after all of them (end of body, reset).
  const endMs = scenario.end.kind === "hang" ? undefined : scenario.end.atMs;
  const endsAfterWrites = endMs !== undefined && Math.abs(planned * 1000 - endMs) < 0.001;
  if (endsAfterWrites && play.endedMs !== undefined) return play.endedMs / 1000;
  return planned + latenessMs(play, planned * 1000) / 1000;
}

/** Indexes of the writes that complete a counted chunk. */
function countedWrites(scenario: Scenario): readonly number[] {
  const parser = providerByFormat(scenario.format)?.createStreamParser();
  const counted: number[] = [];
  const encoder = new TextEncoder();
  scenario.writes.forEach((write, index) => {
    parser?.push(encoder.encode(write.text), (event) => {
      if (event.type === "chunk" && event.kinds !== emptyStreamEvent().kinds && counted.at(-1) !== index)
        counted.push(index);
    });
  });
  return counted;
}

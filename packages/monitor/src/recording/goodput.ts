import type { TokenTimings } from "@nexent/monitor-core";
import type { Objectives } from "../config/objectives.ts";
import type { CallEnd } from "./recording.ts";

/**
 * Whether a request ended `ok` and met every configured objective (measurement contract 1.3). A quantity that is not
 * known fails its objective; an equal one meets it. Undefined while no objective is configured.
 */
export function meetsObjectives({ outcome }: CallEnd, timings: TokenTimings, slo: Objectives): boolean | undefined {
  if (!hasObjectives(slo)) return undefined;
  const { firstTokenMicros, endMicros, timePerOutputTokenSeconds } = timings;
  const asked = [
    within(seconds(firstTokenMicros), slo.sloTtftSeconds),
    within(timePerOutputTokenSeconds, slo.sloTpotSeconds),
    within(seconds(endMicros), slo.sloDurationSeconds),
  ].filter((met) => met !== undefined);
  return outcome === "ok" && !asked.includes(false);
}

function hasObjectives({ sloTtftSeconds, sloTpotSeconds, sloDurationSeconds }: Objectives): boolean {
  return (sloTtftSeconds ?? sloTpotSeconds ?? sloDurationSeconds) !== undefined;
}

function seconds(micros: number | undefined): number | undefined {
  return micros === undefined ? undefined : micros / 1e6;
}

function within(value: number | undefined, bound: number | undefined): boolean | undefined {
  return bound === undefined ? undefined : value !== undefined && value <= bound;
}

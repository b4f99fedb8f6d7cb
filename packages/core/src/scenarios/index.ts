import { ANSWERS } from "./answers.ts";
import { ENDINGS } from "./endings.ts";
import type { Scenario } from "./scenario.ts";

export type { Scenario, ScenarioClient, ScenarioEnd, ScenarioTruth, ScheduledWrite } from "./scenario.ts";

/** The open conformance set: every stream shape with known times and its right answer. Names are unique and stable. */
export const SCENARIOS: readonly Scenario[] = [...ANSWERS, ...ENDINGS];

/** The scenario of a name; undefined when there is none. */
export function scenarioByName(name: string): Scenario | undefined {
  return SCENARIOS.find((scenario) => scenario.name === name);
}

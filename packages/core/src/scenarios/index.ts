/** The open conformance set: streams with known times and their right answers; pure data, usable by any SDK's test. */
import { CLIENTS } from "./clients.ts";
import { COUNTS } from "./counts.ts";
import { ENDINGS } from "./endings.ts";
import { FRAMING } from "./framing.ts";
import { REASONING } from "./reasoning.ts";
import type { Scenario } from "./scenario.ts";
import { SHAPES } from "./shapes.ts";
import { WHOLE_ANSWERS } from "./whole-answers.ts";

export type { Scenario, ScenarioClient, ScenarioEnd, ScenarioTruth, ScheduledWrite } from "./scenario.ts";

/** Every scenario, in the order of the measurement contract's edge cases. Names are unique. */
export const SCENARIOS: readonly Scenario[] = [
  ...SHAPES,
  ...COUNTS,
  ...REASONING,
  ...ENDINGS,
  ...CLIENTS,
  ...WHOLE_ANSWERS,
  ...FRAMING,
];

/** The scenario of this name; undefined when there is none. */
export function scenarioByName(name: string): Scenario | undefined {
  return SCENARIOS.find((scenario) => scenario.name === name);
}

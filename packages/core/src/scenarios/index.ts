/** The open conformance set: streams with known times and their right answers; pure data, usable by any SDK's test. */
import { ANTHROPIC } from "./anthropic.ts";
import { CLIENTS } from "./clients.ts";
import { COUNTS } from "./counts.ts";
import { ENDINGS } from "./endings.ts";
import { FRAMING } from "./framing.ts";
import { GEMINI } from "./gemini.ts";
import { OLLAMA } from "./ollama.ts";
import { REASONING } from "./reasoning.ts";
import { RETRIES } from "./retries.ts";
import { RESPONSES } from "./responses.ts";
import type { Scenario } from "./scenario.ts";
import { SHAPES } from "./shapes.ts";
import { WHOLE_ANSWERS } from "./whole-answers.ts";

export {
  answersWithStream,
  type Scenario,
  type ScenarioClient,
  type ScenarioEnd,
  type ScenarioFormat,
  type ScenarioRefusal,
  type ScenarioTruth,
  type ScheduledWrite,
} from "./scenario.ts";

/** Every scenario: OpenAI chat in the order of the measurement contract's edge cases, then the other formats. Names are unique. */
export const SCENARIOS: readonly Scenario[] = [
  ...SHAPES,
  ...COUNTS,
  ...REASONING,
  ...ENDINGS,
  ...CLIENTS,
  ...WHOLE_ANSWERS,
  ...FRAMING,
  ...RESPONSES,
  ...ANTHROPIC,
  ...GEMINI,
  ...OLLAMA,
  ...RETRIES,
];

/** The scenario of this name; undefined when there is none. */
export function scenarioByName(name: string): Scenario | undefined {
  return SCENARIOS.find((scenario) => scenario.name === name);
}

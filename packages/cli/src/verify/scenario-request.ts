import type { Scenario } from "@nexent/monitor-core/scenarios";
import { SCENARIO_PREFIX } from "../exact-server/scenario-schedule.ts";

/** The request that makes the exact-schedule server play a scenario. */
export interface ScenarioRequest {
  /** Path below the base URL. */
  readonly path: string;
  readonly body: string;
}

/** Builds the OpenAI-shaped request of a scenario. */
export function requestOf(scenario: Scenario): ScenarioRequest {
  const chat = scenario.format === "openai-chat";
  const question = "Play your schedule.";
  return {
    path: chat ? "/chat/completions" : "/completions",
    body: JSON.stringify({
      model: `${SCENARIO_PREFIX}${scenario.name}`,
      ...(chat ? { messages: [{ role: "user", content: question }] } : { prompt: question }),
      ...(scenario.stream ? { stream: true } : {}),
      ...(scenario.includeUsage ? { stream_options: { include_usage: true } } : {}),
    }),
  };
}

import { answersWithStream, scenarioByName } from "@nexent/monitor-core/scenarios";
import type { Scenario, ScenarioRefusal } from "@nexent/monitor-core/scenarios";
import type { Schedule } from "./schedule.ts";

/** Models of this prefix play a scenario instead of an `exact` schedule. */
export const SCENARIO_PREFIX = "scenario/";

/**
 * The schedule of `scenario/<name>`; `undefined` when there is no such scenario.
 * @param earlierPlays how many requests of the same play came before this one.
 */
export function scheduleOfScenarioModel(model: string, earlierPlays: number): Schedule | undefined {
  const scenario = scenarioByName(model.slice(SCENARIO_PREFIX.length));
  if (scenario === undefined) return undefined;
  const refusal = scenario.refusals?.[earlierPlays];
  return refusal === undefined ? scheduleOfScenario(scenario) : scheduleOfRefusal(scenario.name, refusal);
}

function scheduleOfRefusal(name: string, { status, headers, body, atMs }: ScenarioRefusal): Schedule {
  const end = { kind: "end", atMs } as const;
  return { name, status, headers, headAtMs: undefined, writes: [{ atMs, text: body }], end };
}

/**
 * A scenario as the server plays it. The head of a stream is sent at once, as most servers do; any other head comes
 * with the body, and none at all when nothing is ever written.
 */
function scheduleOfScenario(scenario: Scenario): Schedule {
  const streams = answersWithStream(scenario);
  return {
    name: scenario.name,
    status: scenario.status,
    headers: scenario.headers,
    headAtMs: streams && scenario.writes.length > 0 ? 0 : undefined,
    writes: scenario.writes,
    end: scenario.end,
  };
}

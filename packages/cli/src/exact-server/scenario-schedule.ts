import { answersWithStream, scenarioByName } from "@nexent/monitor-core/scenarios";
import type { Scenario } from "@nexent/monitor-core/scenarios";
import type { Schedule } from "./schedule.ts";

/** Models of this prefix play a scenario instead of an `exact` schedule. */
export const SCENARIO_PREFIX = "scenario/";

/** The schedule of `scenario/<name>`; `undefined` when there is no such scenario. */
export function scheduleOfScenarioModel(model: string): Schedule | undefined {
  const scenario = scenarioByName(model.slice(SCENARIO_PREFIX.length));
  return scenario === undefined ? undefined : scheduleOfScenario(scenario);
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

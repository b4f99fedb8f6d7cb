/** Calls that need more than one request, which client libraries make by themselves. */
import { ANTHROPIC } from "./anthropic.ts";
import { errorBody } from "./anthropic-frames.ts";
import { RESPONSES } from "./responses.ts";
import type { Scenario, ScenarioRefusal } from "./scenario.ts";
import { SHAPES } from "./shapes.ts";
import { JSON_HEADERS, type Fields } from "./writes.ts";

/** A refusal that asks for the next request 20 ms later. */
function refusal(status: number, body: Fields): ScenarioRefusal {
  const headers = { ...JSON_HEADERS, "retry-after-ms": "20" };
  return { status, headers, body: JSON.stringify(body), atMs: 50 };
}

const OPENAI_BUSY = refusal(503, { error: { message: "refused", type: "overloaded_error", param: null, code: null } });

/** The scenario of this name among `scenarios`, after refusals: its times are those of the last request. */
function after(
  name: string,
  scenarios: readonly Scenario[],
  more: Pick<Scenario, "name" | "title" | "refusals">,
): readonly Scenario[] {
  return scenarios
    .filter((scenario) => scenario.name === name)
    .map((scenario) => ({ ...scenario, ...more, targets: [] }));
}

export const RETRIES: readonly Scenario[] = [
  ...after("reference", SHAPES, {
    name: "retry-after-503",
    title: "The first request is refused, the second answered: the wait for it is no part of the time to first token.",
    refusals: [OPENAI_BUSY],
  }),
  ...after("responses-stream", RESPONSES, {
    name: "responses-retry-twice",
    title: "Two requests are refused, the third is answered.",
    refusals: [OPENAI_BUSY, OPENAI_BUSY],
  }),
  ...after("anthropic-stream", ANTHROPIC, {
    name: "anthropic-retry-after-529",
    title: "The first request is refused, the second answered.",
    refusals: [refusal(529, errorBody("overloaded_error"))],
  }),
];

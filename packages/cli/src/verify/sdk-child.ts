/**
 * The process in which the SDK is measured: a small application that wraps its model call with `monitorLlmCall`.
 * Started by {@link startSdkTarget}.
 */
import { monitorLlmCall } from "@nexent/monitor";
import type { Scenario, ScenarioFormat } from "@nexent/monitor-core/scenarios";
import { PLAY_ID_HEADER } from "../exact-server/schedule.ts";
import { actAsClient } from "./act-as-client.ts";
import { askModel } from "./answer-client.ts";
import type { ChildPlay } from "./child-messages.ts";
import { parsedChunkCounter } from "./count-chunks.ts";
import { obeyOrders } from "./obey-orders.ts";
import { PLAY_ATTRIBUTE } from "./otlp-json.ts";
import { comesInArray, modelOf, requestOf } from "./scenario-request.ts";

const PROVIDERS: Readonly<Record<ScenarioFormat, string>> = {
  "openai-chat": "openai",
  "openai-completions": "openai",
  "openai-responses": "openai",
  "anthropic-messages": "anthropic",
  gemini: "gcp.gemini",
  ollama: "ollama",
};

async function play({ scenario, playId, origin }: ChildPlay): Promise<number | undefined> {
  const { path, body } = requestOf(scenario);
  const decorate = monitorLlmCall(modelOf(scenario), operationOf(scenario), {
    provider: PROVIDERS[scenario.format],
    format: scenario.format,
    attributes: { [PLAY_ATTRIBUTE]: playId },
  });
  const request = { url: `${origin}${path}`, body, headers: { [PLAY_ID_HEADER]: playId } };
  return actAsClient({
    scenario,
    ask: decorate(async (controller: AbortController) =>
      askModel({ ...request, controller, inArray: comesInArray(scenario) }),
    ),
    count: parsedChunkCounter(scenario),
  });
}

function operationOf({ path = "", format }: Scenario): string {
  if (path.includes("embed")) return "embeddings";
  return format === "openai-completions" || path === "/api/generate" ? "completion" : "chat_completion";
}

obeyOrders(play);

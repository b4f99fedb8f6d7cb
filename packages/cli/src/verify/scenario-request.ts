import { answersWithStream } from "@nexent/monitor-core/scenarios";
import type { Scenario } from "@nexent/monitor-core/scenarios";
import { SCENARIO_PREFIX } from "../exact-server/scenario-schedule.ts";

/** The request that makes the exact-schedule server play a scenario. */
export interface ScenarioRequest {
  /** Path and query below the server's origin. */
  readonly path: string;
  readonly body: string;
}

type Fields = Readonly<Record<string, unknown>>;

const QUESTION = "Play your schedule.";
const MESSAGES = [{ role: "user", content: QUESTION }];

/** Body members beside the model, by path. */
const ASKS: ReadonlyMap<string, Fields> = new Map<string, Fields>([
  ["/v1/chat/completions", { messages: MESSAGES }],
  ["/v1/completions", { prompt: QUESTION }],
  ["/v1/responses", { input: QUESTION }],
  ["/v1/embeddings", { input: QUESTION }],
  ["/v1/messages", { messages: MESSAGES, max_tokens: 1_000 }],
  ["/api/chat", { messages: MESSAGES }],
  ["/api/generate", { prompt: QUESTION }],
  ["/api/embed", { input: QUESTION }],
]);

const USUAL_PATHS: Readonly<Record<Exclude<Scenario["format"], "gemini">, string>> = {
  "openai-chat": "/v1/chat/completions",
  "openai-completions": "/v1/completions",
  "openai-responses": "/v1/responses",
  "anthropic-messages": "/v1/messages",
  ollama: "/api/chat",
};

/** The model name that plays a scenario. */
export function modelOf(scenario: Scenario): string {
  return `${SCENARIO_PREFIX}${scenario.name}`;
}

/** Whether the stream comes as one JSON array, which is what Gemini sends when events were not asked for. */
export function comesInArray(scenario: Scenario): boolean {
  const json = scenario.headers["content-type"]?.startsWith("application/json") === true;
  return scenario.format === "gemini" && json && answersWithStream(scenario);
}

/** Whether a stream was asked for and a whole answer comes: most libraries read it as a stream all the same. */
export function comesAsJson(scenario: Scenario): boolean {
  return scenario.stream && scenario.status < 400 && !answersWithStream(scenario);
}

/** Whether a client library that asks again by itself can show the scenario. */
export function isForClients({ targets, refusals }: Scenario): boolean {
  return targets.includes("sdk") || refusals !== undefined;
}

/** Builds the request of a scenario in its own format. */
export function requestOf(scenario: Scenario): ScenarioRequest {
  if (scenario.format === "gemini") return geminiRequest(scenario);
  const path = scenario.path ?? USUAL_PATHS[scenario.format];
  const body = {
    model: modelOf(scenario),
    ...ASKS.get(path),
    ...(scenario.includeUsage ? { stream_options: { include_usage: true } } : {}),
    ...streamField(scenario),
  };
  return { path, body: JSON.stringify(body) };
}

/** Ollama streams unless told otherwise, everybody else does when asked to. */
function streamField({ format, stream }: Scenario): Fields {
  if (format === "ollama") return stream ? {} : { stream };
  return stream ? { stream } : {};
}

function geminiRequest(scenario: Scenario): ScenarioRequest {
  const query = comesInArray(scenario) ? "" : "?alt=sse";
  const method = scenario.stream ? `streamGenerateContent${query}` : "generateContent";
  return {
    path: `/v1beta/models/${encodeURIComponent(modelOf(scenario))}:${method}`,
    body: JSON.stringify({ contents: [{ role: "user", parts: [{ text: QUESTION }] }] }),
  };
}

import type { ScenarioFormat } from "@nexent/monitor-core/scenarios";
import { wrapOpenAI } from "@nexent/monitor/openai";
import { parsedChunkCounter } from "../count-chunks.ts";
import { comesAsJson, requestOf, isForClients } from "../scenario-request.ts";
import type { ClientCall, ClientDriver, ClientDriverKind } from "./driver.ts";

interface Resource {
  create(body: unknown, options: { readonly signal: AbortSignal }): Promise<unknown>;
}

/** What is used of a client of `openai`, versions 4 to 7. */
interface OpenAIClient {
  readonly chat: { readonly completions: Resource };
  readonly completions: Resource;
  readonly responses: Resource;
  readonly embeddings: Resource;
}

interface OpenAIModule {
  readonly OpenAI: new (options: {
    readonly apiKey: string;
    readonly baseURL: string;
    readonly maxRetries: number;
    readonly defaultHeaders: ClientCall["headers"];
  }) => OpenAIClient;
}

const FORMATS: ReadonlySet<ScenarioFormat> = new Set(["openai-chat", "openai-completions", "openai-responses"]);

function resourceOf(client: OpenAIClient, { scenario }: ClientCall): Resource {
  if (scenario.path === "/v1/embeddings") return client.embeddings;
  if (scenario.format === "openai-responses") return client.responses;
  return scenario.format === "openai-chat" ? client.chat.completions : client.completions;
}

function createDriver({ OpenAI }: OpenAIModule): ClientDriver {
  return {
    async ask(call) {
      const { scenario, origin, headers, attributes, signal } = call;
      const options = {
        apiKey: "none",
        baseURL: `${origin}/v1`,
        maxRetries: scenario.refusals?.length ?? 0,
        defaultHeaders: headers,
      };
      const client = wrapOpenAI(new OpenAI(options), { attributes });
      return resourceOf(client, call).create(JSON.parse(requestOf(scenario).body), { signal });
    },
    counter: parsedChunkCounter,
  };
}

/**
 * A version of `openai` under this package name.
 * @param except names of scenarios that this version does not show its caller.
 */
export function openaiKind(packageName: string, except: readonly string[] = []): ClientDriverKind {
  return {
    packages: [packageName],
    plays: (scenario) =>
      FORMATS.has(scenario.format) &&
      isForClients(scenario) &&
      !comesAsJson(scenario) &&
      !except.includes(scenario.name),
    leavingEndsRequest: true,
    create: ([module]) => createDriver(module as OpenAIModule),
  };
}

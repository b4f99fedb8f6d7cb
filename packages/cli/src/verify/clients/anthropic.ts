import { wrapAnthropic } from "@nexent/monitor/anthropic";
import { parsedChunkCounter } from "../count-chunks.ts";
import { comesAsJson, requestOf, isForClients } from "../scenario-request.ts";
import type { ClientCall, ClientDriver, ClientDriverKind } from "./driver.ts";

/** What is used of `@anthropic-ai/sdk`. */
interface AnthropicModule {
  readonly Anthropic: new (options: {
    readonly apiKey: string;
    readonly baseURL: string;
    readonly maxRetries: number;
    readonly defaultHeaders: ClientCall["headers"];
  }) => {
    readonly messages: { create(body: unknown, options: { readonly signal: AbortSignal }): Promise<unknown> };
  };
}

function createDriver({ Anthropic }: AnthropicModule): ClientDriver {
  return {
    async ask({ scenario, origin, headers, attributes, signal }) {
      const options = {
        apiKey: "none",
        baseURL: origin,
        maxRetries: scenario.refusals?.length ?? 0,
        defaultHeaders: headers,
      };
      const client = wrapAnthropic(new Anthropic(options), { attributes });
      return client.messages.create(JSON.parse(requestOf(scenario).body), { signal });
    },
    counter: parsedChunkCounter,
  };
}

/** `@anthropic-ai/sdk`. */
export const anthropicKind: ClientDriverKind = {
  packages: ["@anthropic-ai/sdk"],
  plays: (scenario) => scenario.format === "anthropic-messages" && isForClients(scenario) && !comesAsJson(scenario),
  leavingEndsRequest: true,
  create: ([module]) => createDriver(module as AnthropicModule),
};

import { wrapGoogleGenAI } from "@nexent/monitor/genai";
import { parsedChunkCounter } from "../count-chunks.ts";
import { comesInArray, modelOf, requestOf } from "../scenario-request.ts";
import type { ClientCall, ClientDriver, ClientDriverKind } from "./driver.ts";

/** What is used of `@google/genai`. */
interface GenAIModule {
  readonly GoogleGenAI: new (options: {
    readonly apiKey: string;
    readonly httpOptions: { readonly baseUrl: string; readonly headers: ClientCall["headers"] };
  }) => {
    readonly models: {
      generateContent(parameters: unknown): Promise<unknown>;
      generateContentStream(parameters: unknown): Promise<unknown>;
    };
  };
}

function createDriver({ GoogleGenAI }: GenAIModule): ClientDriver {
  return {
    async ask({ scenario, origin, headers, attributes, signal }) {
      const options = { apiKey: "none", httpOptions: { baseUrl: origin, headers } };
      const { models } = wrapGoogleGenAI(new GoogleGenAI(options), { attributes });
      const body = JSON.parse(requestOf(scenario).body) as object;
      const parameters = { model: modelOf(scenario), ...body, config: { abortSignal: signal } };
      return scenario.stream ? models.generateContentStream(parameters) : models.generateContent(parameters);
    },
    counter: parsedChunkCounter,
  };
}

/** `@google/genai`. It always asks for events, so that a stream in one array is not for it. */
export const genaiKind: ClientDriverKind = {
  packages: ["@google/genai"],
  plays: (scenario) => scenario.format === "gemini" && scenario.targets.includes("sdk") && !comesInArray(scenario),
  leavingEndsRequest: false,
  create: ([module]) => createDriver(module as GenAIModule),
};

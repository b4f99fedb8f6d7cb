import { wrapOllama } from "@nexent/monitor/ollama";
import { parsedChunkCounter } from "../count-chunks.ts";
import { comesAsJson, requestOf } from "../scenario-request.ts";
import type { ClientCall, ClientDriver, ClientDriverKind } from "./driver.ts";

type Ask = (request: unknown) => Promise<unknown>;

/** What is used of a client of `ollama`. Its streams have an abort of their own; it takes no signal. */
interface OllamaClient {
  readonly chat: Ask;
  readonly generate: Ask;
  readonly embed: Ask;
  abort(): void;
}

interface OllamaModule {
  readonly Ollama: new (options: { readonly host: string; readonly headers: ClientCall["headers"] }) => OllamaClient;
}

const METHODS: ReadonlyMap<string, "chat" | "generate" | "embed"> = new Map([
  ["/api/chat", "chat"],
  ["/api/generate", "generate"],
  ["/api/embed", "embed"],
]);

function createDriver({ Ollama }: OllamaModule): ClientDriver {
  return {
    async ask({ scenario, origin, headers, attributes, signal }) {
      const client = wrapOllama(new Ollama({ host: origin, headers }), { attributes });
      signal.addEventListener("abort", () => client.abort());
      const { path, body } = requestOf(scenario);
      // The client, unlike the server, streams only when asked to.
      return client[METHODS.get(path) ?? "chat"]({ stream: scenario.stream, ...(JSON.parse(body) as object) });
    },
    counter: parsedChunkCounter,
  };
}

/** `ollama`. */
export const ollamaKind: ClientDriverKind = {
  packages: ["ollama"],
  plays: (scenario) => scenario.format === "ollama" && scenario.targets.includes("sdk") && !comesAsJson(scenario),
  leavingEndsRequest: false,
  create: ([module]) => createDriver(module as OllamaModule),
};

/** `@nexent/monitor/ollama`: the client of Ollama's native API. */
import { ollama } from "@nexent/monitor-core";
import type { CallAttempts } from "./call-attempts.ts";
import type { CallToObserve } from "../observe-call.ts";
import { safeProperty } from "../redact.ts";
import { serverOf } from "./server-address.ts";
import { UNKNOWN } from "../recording/span-attributes.ts";
import type { ClientOptions } from "./client-options.ts";
import { derive } from "./derived.ts";
import { isFetch, isGlobalFetch, tellAttempts } from "./fetch-hook.ts";
import { partOf, replaceMethod, wrapInPlace } from "./instance.ts";
import { observeMethod, type Describe } from "./observed-method.ts";

export type { ClientOptions } from "./client-options.ts";

const OPERATIONS: Readonly<Record<string, string>> = {
  chat: "chat",
  generate: "text_completion",
  embed: "embeddings",
  embeddings: "embeddings",
};

function describe(client: object, method: string, options: ClientOptions): Describe {
  return ([given]): CallToObserve => {
    const request = ollama.readRequest(given);
    // The client asks for an answer in one piece unless told otherwise; the server would stream.
    const streaming = safeProperty(given, "stream") === true;
    return {
      call: {
        provider: options.provider ?? "ollama",
        model: request.model ?? UNKNOWN,
        operation: OPERATIONS[method] ?? method,
        streaming,
        clockSource: "iterator",
        attributes: { ...options.attributes, ...request.parameters },
        ...serverOf(safeProperty(partOf(client, ["config"]), "host")),
      },
      request: given,
      provider: ollama,
      askedStream: streaming,
      inner: isGlobalFetch(safeProperty(client, "fetch")) ? "library" : "host",
      ...(options.tokenTape !== undefined && { tokenTape: options.tokenTape }),
    };
  };
}

function linked(client: unknown, attempts: CallAttempts): unknown {
  const fetch = safeProperty(client, "fetch");
  if (typeof client !== "object" || client === null || !isFetch(fetch)) return client;
  return derive(client, { fetch: tellAttempts(fetch, attempts) });
}

/**
 * Observes an Ollama client in place: `chat`, `generate`, `embed` and `embeddings`. Nothing is added to a request.
 * @returns the same instance; wrapping twice is wrapping once.
 * @example
 * const ollama = wrapOllama(new Ollama());
 */
export function wrapOllama<C extends object>(client: C, options: ClientOptions = {}): C {
  return wrapInPlace(client, "wrapOllama", (found) => {
    for (const method of Object.keys(OPERATIONS)) {
      replaceMethod(found, method, (original) =>
        observeMethod(original, describe(found, method, options), (self, args, attempts) =>
          original.apply(linked(self, attempts), [...args]),
        ),
      );
    }
  });
}

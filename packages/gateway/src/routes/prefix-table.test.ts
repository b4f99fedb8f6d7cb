import { afterAll, describe, expect, it } from "vitest";
import type { UpstreamConfig } from "../upstream/upstream.ts";
import { createPrefixTable, type PrefixTable, type Route } from "./prefix-table.ts";

const tables: PrefixTable[] = [];

afterAll(async () => {
  await Promise.all(tables.flatMap((table) => table.upstreams.map((upstream) => upstream.connections.close())));
});

/** Where `POST target` goes, with one upstream that is configured so. */
function routeOf(target: string, config: Partial<UpstreamConfig> = {}, method = "POST"): Route | undefined {
  const table = createPrefixTable([
    {
      name: "up",
      prefix: "/up",
      baseUrl: "http://127.0.0.1:9",
      provider: "up",
      format: "auto",
      usage: "inject",
      tracing: "pass",
      models: [],
      streamIdleTimeoutMs: 0,
      stall: "observe",
      ...config,
    },
  ]);
  tables.push(table);
  const [path = "", query] = target.split("?");
  return table.find(method, path, query === undefined ? "" : `?${query}`);
}

describe("the endpoint of a request", () => {
  it.each([
    ["/up/v1/chat/completions", { format: "openai-chat", usageOnRequest: true }, "/up/v1/chat/completions"],
    ["/up/chat/completions", { format: "openai-chat" }, "/up/chat/completions"],
    ["/up/v1/completions", { format: "openai-completions", usageOnRequest: true }, "/up/v1/completions"],
    ["/up/v1/responses", { format: "openai-responses", usageOnRequest: false }, "/up/v1/responses"],
    ["/up/v1/embeddings", { format: "openai-embeddings", usageOnly: true }, "/up/v1/embeddings"],
    ["/up/v1/rerank", { operation: "rerank", usageOnly: true }, "/up/v1/rerank"],
    ["/up/v1/messages", { format: "anthropic-messages", family: "anthropic" }, "/up/v1/messages"],
    [
      "/up/v1beta/models/secret-model:generateContent?key=k",
      { format: "gemini", family: "gemini", model: "secret-model", streaming: false },
      "/up/*/models/{model}:generateContent",
    ],
    [
      "/up/v1beta/models/m:streamGenerateContent?alt=sse",
      { streaming: true, framing: "sse" },
      "/up/*/models/{model}:streamGenerateContent",
    ],
    [
      "/up/v1beta/models/m:streamGenerateContent",
      { streaming: true, framing: "json_array" },
      "/up/*/models/{model}:streamGenerateContent",
    ],
    ["/up/v1beta/models/e:embedContent", { usageOnly: true }, "/up/*/models/{model}:embedContent"],
    ["/up/api/chat", { format: "ollama", framing: "ndjson" }, "/up/api/chat"],
    ["/up/api/generate", { operation: "text_completion" }, "/up/api/generate"],
    ["/up/api/embed", { format: "ollama", usageOnly: true }, "/up/api/embed"],
    [
      "/up/openai/deployments/my-gpt/chat/completions?api-version=2024-10-21",
      { format: "openai-chat", model: "my-gpt", usageOnRequest: true },
      "/up/*/chat/completions",
    ],
  ])("%s", (target, tail, pattern) => {
    const route = routeOf(target);
    expect(route?.tail).toMatchObject(tail);
    expect(route?.pattern).toBe(pattern);
    expect(route?.upstreamPath).toBe(target.slice("/up".length).replace(/\?.*/, ""));
  });

  it.each([
    ["/up/v1/models", "GET"],
    ["/up/v1/files", "POST"],
    ["/up/v1/messages/count_tokens", "POST"],
    ["/up/v1beta/models/m:countTokens", "POST"],
    ["/up/api/tags", "GET"],
    ["/up/v1/chat/completions", "GET"],
  ])("%s by %s is none", (target, method) => {
    expect(routeOf(target, {}, method)).toMatchObject({ tail: undefined, pattern: "/up/*" });
  });

  it("is found by what the upstream sees, and by what the client sent", () => {
    const bare = { prefix: "/api", baseUrl: "http://127.0.0.1:9/api" };
    expect(routeOf("/api/chat", bare)).toMatchObject({ tail: { format: "ollama" }, pattern: "/api/chat" });
    const hidden = { prefix: "/local", baseUrl: "http://127.0.0.1:9/api" };
    expect(routeOf("/local/chat", hidden)).toMatchObject({ tail: { format: "ollama" }, pattern: "/local/chat" });
    const moved = { prefix: "/v1", baseUrl: "http://127.0.0.1:9/anthropic" };
    expect(routeOf("/v1/messages", moved)?.tail).toMatchObject({ format: "anthropic-messages" });
  });

  it("is of the configured format alone", () => {
    expect(routeOf("/up/chat", { format: "ollama" })?.tail).toMatchObject({ format: "ollama", operation: "chat" });
    expect(routeOf("/up/messages", { format: "anthropic" })?.tail).toMatchObject({ format: "anthropic-messages" });
    const other = routeOf("/up/v1/chat/completions", { format: "anthropic" });
    expect(other?.tail).toMatchObject({ format: "opaque", operation: "chat", usageOnRequest: false });
    const opaque = routeOf("/up/v1/messages", { format: "opaque" });
    expect(opaque?.tail).toMatchObject({ format: "opaque", family: "anthropic" });
    expect(routeOf("/up/v1/models", { format: "opaque" })?.tail).toBeUndefined();
    expect(routeOf("/up/anything", { format: "gemini" })?.tail).toBeUndefined();
  });
});

describe("errors and keys are where the clients of the endpoint expect them", () => {
  it.each([
    ["/up/v1/chat/completions", "up", "openai", "authorization"],
    ["/up/v1/messages", "up", "anthropic", "x-api-key"],
    ["/up/v1/messages/count_tokens", "up", "anthropic", "x-api-key"],
    ["/up/v1/models", "anthropic", "anthropic", "x-api-key"],
    ["/up/v1/chat/completions", "anthropic", "openai", "authorization"],
    ["/up/v1beta/models/m:generateContent", "up", "gemini", "x-goog-api-key"],
    ["/up/v1beta/files", "gcp.gemini", "gemini", "x-goog-api-key"],
    ["/up/v1beta/openai/chat/completions", "gcp.gemini", "openai", "authorization"],
    ["/up/api/chat", "up", "ollama", "authorization"],
    ["/up/api/tags", "ollama", "ollama", "authorization"],
    ["/up/openai/deployments/d/chat/completions", "azure.ai.openai", "openai", "api-key"],
    ["/up/v1/models", "up", "openai", "authorization"],
  ])("%s of %s: %s, %s", (target, provider, family, keyHeader) => {
    expect(routeOf(target, { provider })).toMatchObject({ family, keyHeader });
  });

  it("a configured header and a configured format have the last word", () => {
    const config = { provider: "anthropic", format: "gemini", authHeader: "x-own" } as const;
    expect(routeOf("/up/v1/models", config)).toMatchObject({ family: "gemini", keyHeader: "x-own" });
  });
});

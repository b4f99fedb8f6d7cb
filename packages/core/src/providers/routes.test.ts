import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LIMITS } from "../limits.ts";
import { providerByFormat } from "./index.ts";
import { llmRouteOf, type LlmRoute } from "./routes.ts";

const post = (path: string, search?: string): LlmRoute | undefined => llmRouteOf("POST", path, search);

const CHAT = { format: "openai-chat", operation: "chat", pattern: "/chat/completions", framing: "sse" };
const CLAUDE = { format: "anthropic-messages", operation: "chat" };
const MESSAGES = { ...CLAUDE, pattern: "/v1/messages", framing: "sse" };
const EMBEDDINGS = {
  format: "openai-embeddings",
  operation: "embeddings",
  pattern: "/embeddings",
  streaming: false,
};
const RERANK = { ...EMBEDDINGS, operation: "rerank" };
const OLLAMA_EMBED = { format: "ollama", operation: "embeddings", streaming: false };
const VERTEX = "/v1/projects/p/locations/us-central1";

describe("the route of a request", () => {
  it.each([
    ["/v1/chat/completions", CHAT],
    ["/chat/completions", CHAT],
    ["/v1/chat/completions/", CHAT],
    ["/api/v1/chat/completions", CHAT],
    ["/v1beta/openai/chat/completions", CHAT],
    [`${VERTEX}/endpoints/openapi/chat/completions`, CHAT],
    [
      "/v1/completions",
      { ...CHAT, format: "openai-completions", operation: "text_completion", pattern: "/completions" },
    ],
    ["/v1/responses", { ...CHAT, format: "openai-responses", pattern: "/responses" }],
    ["/v1/messages", MESSAGES],
    ["/anthropic/v1/messages", MESSAGES],
    ["/v1/embeddings", EMBEDDINGS],
    ["/v1/rerank", { ...RERANK, pattern: "/rerank" }],
    ["/score", { ...RERANK, pattern: "/score" }],
    ["/api/chat", { format: "ollama", operation: "chat", pattern: "/api/chat", framing: "ndjson" }],
    [
      "/ollama/api/generate",
      { format: "ollama", operation: "text_completion", pattern: "/api/generate", framing: "ndjson" },
    ],
    ["/api/embed", { ...OLLAMA_EMBED, pattern: "/api/embed" }],
    ["/api/embeddings", { ...OLLAMA_EMBED, pattern: "/api/embeddings" }],
  ])("%s", (path, expected) => {
    expect(post(path)).toEqual(expected);
  });

  it("names the model of an Azure deployment, and leaves it to the body on the v1 path", () => {
    expect(post("/openai/deployments/my%20gpt/chat/completions", "?api-version=2024-10-21")).toEqual({
      ...CHAT,
      model: "my gpt",
    });
    expect(post("/openai/deployments/ada/embeddings")).toEqual({ ...EMBEDDINGS, model: "ada" });
    expect(post("/openai/deployments/d/completions")).toMatchObject({ format: "openai-completions", model: "d" });
    expect(post("/v1/engines/davinci/completions")).toMatchObject({ format: "openai-completions", model: "davinci" });
    expect(post("/openai/v1/chat/completions")).toEqual(CHAT);
    expect(post("/openai/responses")).toMatchObject({ format: "openai-responses" });
    expect(post("/openai/deployments//chat/completions")).toEqual(CHAT);
  });

  it.each(["/v1beta/models/", "/v1/models/", `${VERTEX}/publishers/google/models/`, "/gemini/v1beta/models/"])(
    "%s names model and streaming, and the query the framing",
    (prefix) => {
      const generates = { format: "gemini", operation: "generate_content", model: "gemini-2.5-flash" };
      const streams = { ...generates, pattern: "/models/{model}:streamGenerateContent", streaming: true };
      const stream = `${prefix}gemini-2.5-flash:streamGenerateContent`;
      expect(post(stream)).toEqual({ ...streams, framing: "json_array" });
      for (const search of ["?alt=sse", "alt=sse", "?key=k&alt=sse", "?%24alt=sse", "?$alt=sse&key=k"]) {
        expect(post(stream, search)).toEqual({ ...streams, framing: "sse" });
      }
      expect(post(stream, "?alt=json&key=alt=sse")).toMatchObject({ framing: "json_array" });
      expect(post(`${prefix}gemini-2.5-flash:generateContent`, "?alt=sse")).toEqual({
        ...generates,
        pattern: "/models/{model}:generateContent",
        streaming: false,
      });
      for (const method of ["embedContent", "batchEmbedContents"]) {
        expect(post(`${prefix}text-embedding-004:${method}`)).toEqual({
          format: "gemini",
          operation: "embeddings",
          pattern: `/models/{model}:${method}`,
          model: "text-embedding-004",
          streaming: false,
        });
      }
    },
  );

  it("names tuned models and endpoints with their collection", () => {
    expect(post("/v1beta/tunedModels/mine:generateContent")).toMatchObject({ model: "tunedModels/mine" });
    expect(post(`${VERTEX}/endpoints/42:streamGenerateContent`)).toMatchObject({ model: "endpoints/42" });
  });

  it("takes Anthropic's models on Vertex and Bedrock, where their format is handed through", () => {
    const claude = `${VERTEX}/publishers/anthropic/models/claude-sonnet-4@20250514`;
    expect(post(`${claude}:rawPredict`)).toEqual({
      ...CLAUDE,
      pattern: "/models/{model}:rawPredict",
      model: "claude-sonnet-4@20250514",
      streaming: false,
    });
    expect(post(`${claude}:streamRawPredict`)).toEqual({
      ...CLAUDE,
      pattern: "/models/{model}:streamRawPredict",
      model: "claude-sonnet-4@20250514",
      streaming: true,
      framing: "sse",
    });
    expect(post("/model/us.anthropic.claude-sonnet-4-20250514-v1%3A0/invoke")).toEqual({
      ...CLAUDE,
      pattern: "/model/{model}/invoke",
      model: "us.anthropic.claude-sonnet-4-20250514-v1:0",
      streaming: false,
    });
  });

  it.each([
    "/",
    "",
    "/v1/models",
    "/v1/chat/completions/chatcmpl-1",
    "/v1/notchat/completionsx",
    "/v1/threads/t/messages",
    "/v1/messages/count_tokens",
    "/v1/messages/batches",
    "/v1/responses/resp_1/cancel",
    "/v1/responses/input_tokens",
    "/v1beta/models/gemini-2.5-flash:countTokens",
    "/v1beta/interactions",
    "/v1beta/models/:generateContent",
    "/v1beta/other/gemini:generateContent",
    `${VERTEX}/publishers/google/models/text-embedding-005:predict`,
    `${VERTEX}/publishers/mistralai/models/mistral-large:rawPredict`,
    `${VERTEX}/publishers/anthropic/models/claude:generateContent`,
    "/model/anthropic.claude-3/invoke-with-response-stream",
    "/model/anthropic.claude-3/converse",
    "/model/meta.llama3-8b/invoke",
    "/api/tags",
    "/api/pull",
    "/v1/audio/speech",
    "/v1/Chat/Completions",
  ])("%s is none", (path) => {
    expect(post(path)).toBeUndefined();
  });

  it("is asked by POST alone", () => {
    for (const method of ["GET", "post", "PUT", "OPTIONS", ""]) {
      expect(llmRouteOf(method, "/v1/chat/completions")).toBeUndefined();
    }
  });

  it("is looked for in 8 KiB and no more", () => {
    const ending = "/v1/chat/completions";
    const prefix = "/".padEnd(LIMITS.routePathBytes - ending.length, "a");
    expect(post(`${prefix}${ending}`)).toEqual(CHAT);
    expect(post(`${prefix}a${ending}`)).toBeUndefined();
    const stream = "/v1beta/models/m:streamGenerateContent";
    expect(post(stream, `?alt=sse&${"a".repeat(LIMITS.routePathBytes)}`)?.framing).toBe("json_array");
  });

  it("takes a name that is badly encoded as it stands", () => {
    expect(post("/v1beta/models/%E0%A4%A:generateContent")).toMatchObject({ model: "%E0%A4%A" });
    expect(post("/openai/deployments/%/chat/completions")).toMatchObject({ model: "%" });
  });

  it("never throws", () => {
    const piece = fc.constantFrom("/", "//", ":", "models", "endpoints", "%", "%41", "deployments", "chat", "é", "?");
    fc.assert(
      fc.property(fc.array(piece), fc.string(), (pieces, search) => {
        post(pieces.join(""), search);
        post(`${pieces.join("")}:streamGenerateContent`, search);
        post(`${pieces.join("")}/chat/completions`, search);
      }),
    );
  });

  it.each(["/chat/completions", "/completions", "/embeddings", "/api/chat", "/models/m:generateContent"])(
    "of %s is of a format that has a reader",
    (path) => {
      const format = post(path)?.format ?? "";
      expect(providerByFormat(format)?.format).toBe(format);
    },
  );
});

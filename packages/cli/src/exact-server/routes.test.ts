import { describe, expect, it } from "vitest";
import { routeOf } from "./routes.ts";

describe("the routes", () => {
  it.each([
    ["/v1/chat/completions", "openai-chat"],
    ["/v1/responses", "openai-responses"],
    ["/v1/messages", "anthropic-messages"],
    ["/api/chat", "ollama-chat"],
    ["/api/embed", "ollama-embed"],
  ])("%s speaks %s", (path, format) => {
    expect(routeOf(path, "")).toEqual({ format });
  });

  it.each([
    ["/v1beta/models/exact:generateContent", "", { model: "exact", stream: false, inArray: false }],
    ["/v1beta/models/exact:streamGenerateContent", "?alt=sse", { model: "exact", stream: true, inArray: false }],
    ["/v1beta/models/exact:streamGenerateContent", "?key=1", { model: "exact", stream: true, inArray: true }],
    [
      "/v1beta/models/scenario/gemini-stream:streamGenerateContent",
      "?key=1&alt=sse",
      { model: "scenario/gemini-stream", stream: true, inArray: false },
    ],
    [
      "/v1/models/scenario%2Fgemini-stream:generateContent",
      "",
      { model: "scenario/gemini-stream", stream: false, inArray: false },
    ],
  ])("%s%s tells model and kind of answer", (path, query, given) => {
    expect(routeOf(path, query)).toEqual({ format: "gemini", given });
  });

  it.each([
    "/v1beta/models/:generateContent",
    "/v1beta/models/a%:generateContent",
    "/v1beta/models/a:countTokens",
    "/api/chat/",
    "/",
  ])("%s is none", (path) => {
    expect(routeOf(path, "")).toBeUndefined();
  });
});

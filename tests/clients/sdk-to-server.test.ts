/** The SDK and the embedded server, over every protocol between them: the same call arrives as the same call. */
import type { RequestDetail } from "@nexent/monitor-api";
import { requestDetailSchema, requestListSchema } from "@nexent/monitor-api";
import { configure, shutdown } from "@nexent/monitor";
import { wrapOpenAI } from "@nexent/monitor/openai";
import type { Server } from "node:http";
import OpenAI from "openai";
import { afterAll, beforeAll, expect, it } from "vitest";
import { signInAndSkip, startTestServer, type TestServer } from "../../packages/server/src/testing/server.ts";
import { startOpenAi } from "./openai-provider.testing.ts";

let provider: Server;
let modelUrl = "";
beforeAll(async () => {
  ({ server: provider, url: modelUrl } = await startOpenAi());
});
afterAll(() => {
  provider.closeAllConnections();
  provider.close();
});

/** What the server knows of one streamed call whose span was sent to the address. */
async function sentTo(addressOf: (server: TestServer) => string, json = false): Promise<RequestDetail> {
  const server = await startTestServer();
  if (json) process.env["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/json";
  try {
    configure({ enabled: true, serviceName: "shop", endpoint: addressOf(server) });
    const client = wrapOpenAI(new OpenAI({ apiKey: "none", baseURL: modelUrl, maxRetries: 0 }));
    const stream = await client.chat.completions.create({
      model: "gpt-4o",
      messages: [{ role: "user", content: "Hi" }],
      stream: true,
    });
    let text = "";
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
    expect(text).toBe("Hello there");
    await shutdown();
    const browser = await signInAndSkip(server.dashboardUrl);
    const { rows } = await browser.data(`/api/requests?from=0&to=${Date.now()}`, requestListSchema);
    expect(rows).toHaveLength(1);
    return await browser.data(`/api/requests/${rows[0]?.id ?? ""}`, requestDetailSchema);
  } finally {
    delete process.env["OTEL_EXPORTER_OTLP_PROTOCOL"];
    await server.stop();
  }
}

it.each<[string, () => Promise<RequestDetail>]>([
  ["Jaeger thrift, its default", () => sentTo((server) => server.jaegerThriftUrl)],
  ["OTLP over HTTP in protobuf", () => sentTo((server) => `${server.otlpUrl}/v1/traces`)],
  ["OTLP over HTTP in JSON", () => sentTo((server) => `${server.otlpUrl}/v1/traces`, true)],
  ["OTLP over gRPC", () => sentTo((server) => server.otlpGrpcUrl.replace("http", "grpc"))],
])("over %s", async (_, send) => {
  const detail = await send();
  expect(detail.request).toMatchObject({
    service: "shop",
    model: "gpt-4o",
    responseModel: "gpt-4o-2024-08-06",
    operation: "chat",
    provider: "openai",
    outcome: "ok",
    finishReason: "stop",
    streaming: true,
    estimated: false,
    inputTokens: 7,
    outputTokens: 20,
    fingerprint: expect.stringMatching(/^.{40}$/),
  });
  expect(detail).toMatchObject({ hasStream: true, clockSource: "wire", cacheReadTokens: 3, reasoningTokens: 4 });
  const { ttftSeconds, lastTokenSeconds } = detail.marks;
  expect(ttftSeconds).toBeGreaterThan(0);
  expect(lastTokenSeconds).toBeGreaterThan(ttftSeconds ?? 0);
  expect(detail.events.map(({ name }) => name)).toEqual(["first_token_received"]);
  const attributes = new Map(detail.attributes.map(({ key, type }) => [key, type]));
  expect([attributes.get("gen_ai.response.finish_reasons"), attributes.get("gen_ai.usage.input_tokens")]).toEqual([
    "array",
    "int",
  ]);
  expect(detail.trace.map(({ kind }) => kind)).toEqual(["client"]);
});

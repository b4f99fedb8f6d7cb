import { beforeEach, describe, expect, it, vi } from "vitest";
import { fetchRaw, type RawAnswer } from "./testing/raw-client.testing.ts";
import { monitoredGatewayEachTest } from "./testing/monitored-gateway.testing.ts";

const TOKEN = "nxm_gw_0123456789abcdef0123456789abcdef";

const gateway = monitoredGatewayEachTest({ prefix: "/up", config: { tokens: [TOKEN] } });

beforeEach(() => {
  gateway.upstream.play((_request, response) => response.socket?.destroy());
});

function ask(path: string, token: string = TOKEN): Promise<RawAnswer> {
  return fetchRaw(gateway.origin + path, { body: '{"model":"m"}', headers: { "x-nexent-token": token } });
}

const UNREACHABLE = 'the upstream "openai" could not be reached or closed the connection';
const NO_ROUTE = "no upstream is configured for this path";
const NO_TOKEN = "a gateway token is needed";

/** The body of an error in the shape of each family. */
const SHAPES: Readonly<Record<string, (message: string, code: string, status: number, word: string) => unknown>> = {
  openai: (message, code) => ({
    error: { message, type: "gateway_error", param: null, code: `gateway_${code.toLowerCase()}` },
  }),
  anthropic: (message) => ({ type: "error", error: { type: "api_error", message } }),
  gemini: (message, _code, status, word) => ({ error: { code: status, message, status: word } }),
  ollama: (message) => ({ error: message }),
};

describe.each([
  ["/v1/chat/completions", "openai"],
  ["/v1/responses", "openai"],
  ["/v1/files", "openai"],
  ["/v1/messages", "anthropic"],
  ["/v1/messages/count_tokens", "anthropic"],
  ["/v1beta/models/m:generateContent", "gemini"],
  ["/v1beta/models/m:streamGenerateContent", "gemini"],
  ["/api/chat", "ollama"],
])("20: an own error at %s", (path, family) => {
  it("has the shape its client reads", async () => {
    const answer = await ask(`/up${path}`);
    expect(answer.status).toBe(502);
    expect(answer.headers).toMatchObject({
      "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
      "content-type": "application/json",
      "x-gateway-error": "UPSTREAM_UNREACHABLE",
    });
    expect(JSON.parse(answer.body.toString())).toEqual(
      SHAPES[family]?.(UNREACHABLE, "UPSTREAM_UNREACHABLE", 502, "UNAVAILABLE"),
    );
  });

  it("has it also without a token", async () => {
    const answer = await ask(`/up${path}`, "wrong");
    expect(answer.status).toBe(401);
    expect(JSON.parse(answer.body.toString())).toEqual(
      SHAPES[family]?.(NO_TOKEN, "UNAUTHENTICATED", 401, "UNAUTHENTICATED"),
    );
    expect(gateway.upstream.requests).toHaveLength(0);
  });
});

it.each([
  ["/nowhere/v1/messages", "anthropic"],
  ["/nowhere/models/m:generateContent", "gemini"],
  ["/nowhere/api/chat", "ollama"],
  ["/nowhere/at/all", "openai"],
])("no upstream for %s is told in the shape of %s", async (path, family) => {
  const answer = await ask(path);
  expect(answer.status).toBe(404);
  expect(JSON.parse(answer.body.toString())).toEqual(SHAPES[family]?.(NO_ROUTE, "NOT_FOUND", 404, "NOT_FOUND"));
});

it("30: neither the model in a path nor a key in its query is in metrics, logs, span names or errors", async () => {
  const lines: string[] = [];
  const write = (fields: object, message: string): void => void lines.push(JSON.stringify([fields, message]));
  const log = { debug: write, info: write, warn: write };
  await gateway.restart({ config: { accessLog: true }, log });
  const errors = [
    await ask("/up/v1beta/models/m:streamGenerateContent?alt=sse&key=CANARY-key"),
    await ask("/up/v1beta/files/CANARY-file?key=CANARY-key"),
    await ask("/CANARY-path/models/m:generateContent?key=CANARY-key"),
  ].map((answer) => answer.body.toString());
  expect(gateway.upstream.requests[0]?.url).toContain("key=CANARY-key");
  await vi.waitFor(() => expect(lines.join()).toContain("/up/*/models/{model}:streamGenerateContent"));
  const outputs = [
    gateway.monitoring.registry.expose("openmetrics"),
    JSON.stringify(gateway.monitoring.spans),
    ...errors,
    ...lines,
  ];
  for (const output of outputs) expect(output).not.toContain("CANARY");
});

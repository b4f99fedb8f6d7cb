/** Rows 17, 18 and 20: errors of the provider pass untouched; errors of the gateway read like the provider's. */
import { describe, expect, it } from "vitest";
import { fetchRaw } from "../../../packages/gateway/src/testing/raw-client.testing.ts";
import { chatBody, comparable, MEASURING, POLICIES, useGateway } from "../../harness/gateway/fixture.ts";
import { fourFormats, startGatewayProcess, sumOf } from "../../harness/gateway/process.ts";
import { freePort } from "../../harness/ports.ts";

const STATUSES = [400, 401, 402, 403, 404, 408, 409, 413, 422, 429, 500, 502, 503, 504, 529];
const NAMED_HEADERS = [
  "retry-after",
  "retry-after-ms",
  "x-ratelimit-remaining-requests",
  "x-ratelimit-reset-requests",
  "x-request-id",
];

/** Names the upstream, never its address. */
const MESSAGE: unknown = expect.stringMatching(/^the upstream "[a-z]+" could not be reached or closed the connection$/);

/** One request of each format with the shape its clients can read. */
const FORMATS = [
  {
    format: "openai",
    path: "/v1/chat/completions",
    shape: { error: { message: MESSAGE, type: "gateway_error", param: null, code: "gateway_upstream_unreachable" } },
  },
  {
    format: "anthropic",
    path: "/anthropic/v1/messages",
    shape: { type: "error", error: { type: "api_error", message: MESSAGE } },
  },
  {
    format: "gemini",
    path: "/gemini/v1beta/models/gemini-x:generateContent?key=AIzaQUERY",
    shape: { error: { code: 502, message: MESSAGE, status: expect.stringMatching(/^[A-Z_]+$/) } },
  },
  { format: "ollama", path: "/ollama/api/chat", shape: { error: MESSAGE } },
];

describe.each(POLICIES)("errors under %s", (usage) => {
  const fixture = useGateway({ usage });

  it.each(STATUSES)("G17 status %i keeps body and headers, streaming or not", async (status) => {
    for (const stream of [true, false]) {
      const body = chatBody(`status-${status}`, { stream });
      const { relayed, direct } = await fixture.both("/v1/chat/completions", { body });
      expect(relayed.status).toBe(status);
      expect(relayed.statusMessage).toBe(direct.statusMessage);
      expect(relayed.body.equals(direct.body)).toBe(true);
      expect(relayed.body.length).toBeGreaterThan(50);
      expect(comparable(relayed.rawHeaders)).toEqual(comparable(direct.rawHeaders));
      for (const name of NAMED_HEADERS) expect(relayed.headers[name], name).toBe(direct.headers[name]);
      expect(relayed.headers["x-gateway-error"]).toBeUndefined();
    }
  });

  it.each([429, 500, 502, 503, 529])("G18 status %i costs one upstream request", async (status) => {
    for (const stream of [true, false]) {
      fixture.upstream.requests.splice(0);
      await fixture.relayed("/v1/chat/completions", { body: chatBody(`status-${status}`, { stream }) });
      expect(fixture.upstream.requests).toHaveLength(1);
    }
  });

  it.each(FORMATS)("G20 a reset before the head is a 502 in the shape of $format", async ({ path, shape }) => {
    const answer = await fixture.relayed(path, { body: chatBody("no-head", { stream: false }) });
    await expectOwnError(answer, shape);
  });
});

async function expectOwnError(answer: Awaited<ReturnType<typeof fetchRaw>>, shape: object): Promise<void> {
  expect([answer.status, answer.headers["x-gateway-error"]]).toEqual([502, "UPSTREAM_UNREACHABLE"]);
  expect(answer.headers["content-type"]).toMatch(/^application\/json/);
  const text = answer.body.toString("utf8");
  expect(text).not.toMatch(/127\.0\.0\.1|AIzaQUERY/);
  expect(JSON.parse(text)).toEqual(shape);
}

describe("an upstream that nobody listens on", () => {
  it.each(FORMATS)("G20 is a 502 in the shape of $format", async ({ format, path, shape }) => {
    const gateway = await startGatewayProcess({
      yaml: fourFormats(`http://127.0.0.1:${await freePort()}`),
      env: MEASURING,
    });
    try {
      await expectOwnError(
        await fetchRaw(`${gateway.origin}${path}`, { body: chatBody("m", { stream: false }) }),
        shape,
      );
      const errors = sumOf(await gateway.metrics(), "llm_error_count_total", 'error_type="connection"');
      expect(errors, `${format} is an LLM request`).toBe(1);
    } finally {
      await gateway.stop();
    }
  });
});

/** Rows 34 to 38, the rules beside the 32: off is off, keys and tokens never cross, no way around the configuration. */
import { describe, expect, it } from "vitest";
import { exchangeBytes } from "../../../packages/gateway/src/testing/raw-client.testing.ts";
import { chatBody, useGateway } from "../../harness/gateway/fixture.ts";
import { fourFormats } from "../../harness/gateway/process.ts";
import { startProgram, temporaryFolder } from "../../harness/program.ts";
import { writeFileSync } from "node:fs";

const TOKEN = "nxm_gw_0123456789abcdef0123456789abcdef";
const HELD = "sk-held-provider-key";
/** Spans are made; nobody takes them. */
const TRACING = { OTEL_TRACES_EXPORTER: "", OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9" };
const CHAT = "/v1/chat/completions";

describe("telemetry off", () => {
  const fixture = useGateway({ env: { ENABLE_TELEMETRY: "false" } });

  it("G34 no usage is asked for, no coding changed, and /metrics shows the state alone", async () => {
    await fixture.relayed(CHAT, { body: chatBody("text"), headers: { "accept-encoding": "gzip" } });
    expect(fixture.upstream.requests[0]?.body.toString()).toBe(chatBody("text"));
    expect(fixture.upstream.requests[0]?.headers["accept-encoding"]).toBe("gzip");
    const families = [...(await fixture.gateway.metrics()).matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
    expect(families).toEqual(["nexent_monitor_state"]);
  });
});

describe("held keys", () => {
  const fixture = useGateway({
    settings: "apiKeyEnv: HELD_KEY",
    env: { GATEWAY_TOKENS: TOKEN, HELD_KEY: HELD },
  });

  it.each([
    ["authorization", `Bearer ${TOKEN}`],
    ["x-api-key", TOKEN],
    ["api-key", TOKEN],
    ["x-goog-api-key", TOKEN],
  ])(
    "G35 a token in %s opens the upstream and does not travel; the held key does, and never comes back",
    async (name, value) => {
      const answer = await fixture.relayed(CHAT, {
        body: chatBody("text"),
        headers: { [name]: value },
      });
      expect(answer.status).toBe(200);
      const seen = fixture.upstream.requests[0];
      expect(seen?.headers["authorization"]).toBe(`Bearer ${HELD}`);
      expect(JSON.stringify([seen?.rawHeaders, seen?.url, seen?.body.toString()])).not.toContain(TOKEN);
      expect(JSON.stringify([answer.rawHeaders, answer.body.toString()])).not.toContain(HELD);
    },
  );

  it("G35 a token in the query is removed from it", async () => {
    expect((await fixture.relayed(`${CHAT}?a=1&key=${TOKEN}&b=2`, { body: chatBody("text") })).status).toBe(200);
    expect(fixture.upstream.requests[0]?.url).toBe("/v1/chat/completions?a=1&b=2");
  });

  it("G35 without a token, or with a wrong one, no upstream is asked", async () => {
    for (const headers of [{}, { authorization: "Bearer sk-own" }, { "x-api-key": `${TOKEN}x` }]) {
      const answer = await fixture.relayed(CHAT, { body: chatBody("text"), headers });
      expect([answer.status, answer.headers["x-gateway-error"]]).toEqual([401, "UNAUTHENTICATED"]);
      expect(answer.body.toString()).not.toContain("sk-own");
    }
    expect(fixture.upstream.requests).toHaveLength(0);
  });
});

describe("ways around", () => {
  const fixture = useGateway();

  it.each([
    "/v1/../secret",
    "/v1/%2e%2e/secret",
    "/v1/.%2E/secret",
    "http://evil.example/v1/models",
    "//evil.example/v1/models",
    "/v1/./models",
  ])("G36 the target %s reaches no upstream", async (target) => {
    const head = `GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`;
    const { text } = await exchangeBytes(fixture.gateway.port, head);
    expect(text.split("\r\n", 1)[0]).toMatch(/ 40[04] /);
    expect(fixture.upstream.requests).toHaveLength(0);
  });

  it("G36 no header chooses the upstream", async () => {
    const evil = { "x-forwarded-host": "evil.example", "x-upstream": "http://evil.example", forwarded: "host=evil" };
    await fixture.relayed(CHAT, { body: chatBody("text", { api_base: "http://evil.example" }), headers: evil });
    expect(fixture.upstream.requests).toHaveLength(1);
    expect(fixture.upstream.requests[0]?.headers.host).toBe(new URL(fixture.upstream.origin).host);
  });

  it("G36 a base URL that points at the gateway itself does not start", async () => {
    const folder = temporaryFolder();
    try {
      const file = `${folder.path}/gateway.yaml`;
      writeFileSync(file, fourFormats("http://127.0.0.1:18765"));
      const program = startProgram("gateway", [], { GATEWAY_CONFIG: file, GATEWAY_PORT: "18765" });
      expect(await program.exited, program.output()).toBe(78);
      expect(program.output()).toMatch(/own listener|itself|gateway/);
    } finally {
      folder.remove();
    }
  });

  it.each([
    [
      "websocket",
      `GET /v1/realtime HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: eA==\r\nSec-WebSocket-Version: 13\r\n\r\n`,
    ],
    ["CONNECT", "CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n"],
  ])("G37 %s gets 501 and a closed socket", async (_name, bytes) => {
    const { text } = await exchangeBytes(fixture.gateway.port, bytes);
    expect(text.split("\r\n", 1)[0]).toContain(" 501 ");
    expect(fixture.upstream.requests).toHaveLength(0);
  });
});

describe("trace context", () => {
  const context = {
    traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    tracestate: "v=1",
    baggage: "user=1",
  };
  const fixture = useGateway();
  const propagating = useGateway({ settings: "tracing: propagate", env: TRACING });
  const stripping = useGateway({ settings: "tracing: strip" });

  it("G38 pass: exactly the client's headers", async () => {
    await fixture.relayed(CHAT, { body: chatBody("text"), headers: context });
    expect(fixture.upstream.requests[0]?.headers).toMatchObject(context);
  });

  it("G38 propagate: the same trace, our span; baggage stays", async () => {
    await propagating.relayed(CHAT, { body: chatBody("text"), headers: context });
    const headers = propagating.upstream.requests[0]?.headers;
    expect(headers).toMatchObject({ baggage: "user=1" });
    expect(headers?.["traceparent"]).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-01$/);
    expect(headers?.["traceparent"]).not.toBe(context.traceparent);
  });

  it("G38 strip: none of the three", async () => {
    await stripping.relayed(CHAT, { body: chatBody("text"), headers: context });
    const names = Object.keys(stripping.upstream.requests[0]?.headers ?? {});
    expect(names).toContain("host");
    expect(names.filter((name) => name in context)).toEqual([]);
  });
});

import type { ChildProcess } from "node:child_process";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { chunkEvent, DONE_EVENT, startFaultUpstream, type FaultUpstream } from "./testing/fault-upstream.testing.ts";
import { startGatewayProcess, type GatewayProcess } from "./testing/gateway-process.testing.ts";
import { fetchRaw, until } from "./testing/raw-client.testing.ts";

let upstream: FaultUpstream;
let children: ChildProcess[] = [];

beforeEach(async () => {
  upstream = await startFaultUpstream();
});

afterEach(async () => {
  for (const child of children) child.kill("SIGKILL");
  children = [];
  await upstream.close();
});

function run(env: Record<string, string>): GatewayProcess {
  const gateway = startGatewayProcess({ UPSTREAM_BASE_URL: `${upstream.origin}/v1`, ...env });
  children.push(gateway.child);
  return gateway;
}

describe("the gateway process", () => {
  it("31: serves, and on SIGTERM finishes the running stream, then exits with 0", async () => {
    let finish: () => void = () => undefined;
    upstream.play((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(chunkEvent({ content: "a" }));
      finish = () => response.end(DONE_EVENT);
    });
    const gateway = run({ GATEWAY_ACCESS_LOG: "true" });
    const origin = `http://127.0.0.1:${await gateway.port()}`;
    const answer = fetchRaw(`${origin}/v1/chat/completions?key=CANARY-query`, {
      body: '{"model":"CANARY-model","stream":true}',
      headers: { authorization: "Bearer CANARY-key" },
    });
    await until(() => upstream.requests.length === 1);
    gateway.child.kill("SIGTERM");
    await until(() => gateway.output().includes('"draining"'));
    finish();
    expect((await answer).complete).toBe(true);
    expect(await gateway.exit).toBe(0);
    expect(gateway.events("request")).toMatchObject([{ route: "/v1/chat/completions", status: 200, complete: true }]);
    expect(gateway.output()).not.toContain("CANARY");
  });

  it("exits with 78 and names every bad setting", async () => {
    const gateway = run({ GATEWAY_PORT: "nope", UPSTREAM_BASE_URL: "ftp://x" });
    expect(await gateway.exit).toBe(78);
    for (const name of ["GATEWAY_PORT", "UPSTREAM_BASE_URL", "hint:"]) expect(gateway.output()).toContain(name);
  });

  it("exits with 75 when the port is taken", async () => {
    const gateway = run({ GATEWAY_PORT: String(upstream.port), UPSTREAM_BASE_URL: "http://127.0.0.1:1/v1" });
    expect(await gateway.exit).toBe(75);
    expect(gateway.output()).toContain(`127.0.0.1:${upstream.port}`);
  });

  it("measures when telemetry is on, even if nobody takes the spans, and still stops in time", async () => {
    upstream.play((_request, response) => {
      response.setHeader("content-type", "application/json");
      response.end('{"choices":[{"message":{"content":"x"},"finish_reason":"stop"}],"usage":{"completion_tokens":3}}');
    });
    const gateway = run({ ENABLE_TELEMETRY: "true", OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1" });
    const origin = `http://127.0.0.1:${await gateway.port()}`;
    await fetchRaw(`${origin}/v1/chat/completions`, { body: '{"model":"m"}' });
    const metrics = (await fetchRaw(`${origin}/metrics`)).body.toString();
    expect(metrics).toContain('service_name="nexent-gateway"');
    expect(metrics).toContain(
      'llm_total_tokens_total{model="m",operation="chat",provider="openai",type="output",estimated="false"} 3',
    );
    const stopped = performance.now();
    gateway.child.kill("SIGTERM");
    expect(await gateway.exit).toBe(0);
    expect(performance.now() - stopped).toBeLessThan(4_000);
  });
});

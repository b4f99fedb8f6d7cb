import { createServer, type Server } from "node:http";
import { afterAll, beforeAll, expect, it } from "vitest";
import { runChild } from "./testing/child.testing.ts";

let server: Server;
let host = "";

const ANSWER = JSON.stringify({
  model: "gpt-4o-2024",
  choices: [{ index: 0, message: { role: "assistant", content: "Hi" }, finish_reason: "stop" }],
  usage: { prompt_tokens: 3, completion_tokens: 1 },
});

beforeAll(async () => {
  server = createServer((request, response) => {
    request.resume().on("end", () => response.setHeader("content-type", "application/json").end(ANSWER));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  host = `127.0.0.1:${address.port}`;
});
afterAll(() => server.close());

/** An application that knows nothing of monitoring, and then looks at what was counted. */
function application(): string {
  return `
    const before = globalThis.fetch;
    await import("@nexent/monitor/register");
    await import("@nexent/monitor/register?again");
    const body = JSON.stringify({ model: "gpt-4o", messages: [] });
    const answer = await fetch("http://${host}/v1/chat/completions", { method: "POST", body });
    const { model } = await answer.json();
    const bad = await fetch("no url").catch((error) => error.name);
    const { metricsText, shutdown } = await import("@nexent/monitor");
    const requests = metricsText().split("\\n").filter((line) => line.startsWith("llm_requests_total"));
    console.log(JSON.stringify({ model, bad, touched: before !== globalThis.fetch, name: fetch.name, requests }));
    await shutdown({ timeoutMs: 0 });
  `;
}

const ON = { ENABLE_TELEMETRY: "true", OTEL_TRACES_EXPORTER: "none" };

it("observes the fetch of an application that was not changed, for the hosts it is told", async () => {
  const { stdout, stderr } = await runChild(application(), { ...ON, LLM_MONITOR_FETCH_HOSTS: `example.com, ${host}` });
  expect(stderr).toBe("");
  expect(JSON.parse(stdout)).toEqual({
    model: "gpt-4o-2024",
    bad: "TypeError",
    touched: true,
    name: "fetch",
    requests: ['llm_requests_total{model="gpt-4o",operation="chat",provider="openai",stream="false",outcome="ok"} 1'],
  });
});

it("leaves hosts of nobody's alone", async () => {
  const { stdout } = await runChild(application(), ON);
  expect(JSON.parse(stdout)).toMatchObject({ model: "gpt-4o-2024", touched: true, requests: [] });
});

it("touches nothing when monitoring is off", async () => {
  const { stdout, stderr } = await runChild(application(), { LLM_MONITOR_FETCH_HOSTS: host });
  expect(stderr).toBe("");
  expect(JSON.parse(stdout)).toMatchObject({ model: "gpt-4o-2024", touched: false, requests: [] });
});

import { describe, expect, it } from "vitest";
import { runChild } from "./testing/child.testing.ts";

const TRACED = { ENABLE_TELEMETRY: "true", OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9" };

/** A client whose requests end in a `fetch` that notes whether a span is active while it sends. */
const CLIENT = `
  import { channel } from "node:diagnostics_channel";
  import { trace } from "@opentelemetry/api";
  import OpenAI from "openai";
  import { configure, monitorLlmCall } from "@nexent/monitor";
  import { wrapOpenAI } from "@nexent/monitor/openai";
  const spans = [];
  const note = async () => {
    spans.push(trace.getActiveSpan()?.name);
    return new Response('{"choices":[]}', { headers: { "content-type": "application/json" } });
  };
  globalThis.fetch = note;
  const clientOver = (options) => wrapOpenAI(new OpenAI({ apiKey: "none", baseURL: "http://127.0.0.1:9/v1", ...options }));
  const client = clientOver({});
  const ask = (one = client) => one.chat.completions.create({ model: "m", messages: [] });
  configure();
  const promisesAreHooked = () => Object.getOwnPropertySymbols(Promise.resolve()).length > 0;
`;

async function activeSpans(program: string): Promise<unknown> {
  const { stdout, stderr } = await runChild(`${CLIENT}${program}\nconsole.log(JSON.stringify(spans));`, TRACED);
  expect(stderr).toBe("");
  return JSON.parse(stdout);
}

describe("a call of a client that nobody can look into", () => {
  it("is followed by no context, so that no promise of the process pays for one", async () => {
    const program = `await ask(); await ask(client.withOptions({})); spans.push(promisesAreHooked());`;
    expect(await activeSpans(program)).toEqual([null, null, false]);
  });

  it("nor is a request that the program sends by itself, observed from its start", async () => {
    const { stdout, stderr } = await runChild(
      `
      globalThis.fetch = async () => Response.json({ choices: [] });
      await import("@nexent/monitor/register");
      const { metricsText } = await import("@nexent/monitor");
      await (await fetch("https://api.openai.com/v1/chat/completions", { method: "POST", body: '{"model":"m"}' })).json();
      console.log(metricsText().includes('model="m"'), Object.getOwnPropertySymbols(Promise.resolve()).length);
    `,
      TRACED,
    );
    expect(stderr).toBe("");
    expect(stdout).toBe("true 0\n");
  });
});

describe("a call of a client has its span active", () => {
  it.each([
    ["where requests are traced", `channel("undici:request:create").subscribe(() => undefined); await ask();`],
    ["where the application gave the client its own fetch", `await ask(clientOver({ fetch: async () => note() }));`],
    ["where calls can be nested", `monitorLlmCall("other")(() => 1); await ask();`],
    ["inside of a span", `await trace.getTracer("t").startActiveSpan("around", () => ask());`],
    ["inside of an observed function", `await monitorLlmCall("other")(() => ask())();`],
  ])("%s", async (_, program) => {
    expect(await activeSpans(program)).toEqual(["chat m"]);
  });
});

import { spawnSync } from "node:child_process";
import { OpenAI } from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { signIn, type ApiClient } from "../harness/api-client.ts";
import { eventually } from "../harness/program.ts";
import { startStack, type Stack } from "../harness/stack.ts";
import type { RequestRow } from "@nexent/monitor-api";

let stack: Stack;
let api: ApiClient;

beforeAll(async () => {
  stack = await startStack();
  api = await signIn(stack.dashboardUrl);
});

afterAll(() => stack?.stop());

const body = (model: string): object => ({ model, stream: true, messages: [{ role: "user", content: "Hello" }] });

/** The request of `model`, which must be listed within 2 s of the end of its stream. */
function appears(model: string): Promise<RequestRow> {
  return eventually(
    `the request of ${model} on the dashboard`,
    async () => (await api.requests(`&m=${encodeURIComponent(model)}`)).rows[0],
    { timeoutMs: 2_000, program: stack.program },
  );
}

/** The reference schedule: TTFT 500 ms, 20 tokens 20 ms apart. Bounds are wide here; `verify` holds the tight ones. */
async function isReferenceSchedule(row: RequestRow): Promise<void> {
  expect(row.outcome).toBe("ok");
  expect(row.outputTokens).toBe(20);
  expect(row.estimated ?? false).toBe(false);
  expect(row.ttftSeconds).toBeGreaterThan(0.48);
  expect(row.ttftSeconds).toBeLessThan(0.8);
  expect(row.generationRateTokensPerSecond).toBeGreaterThan(42);
  expect(row.generationRateTokensPerSecond).toBeLessThan(58);
  const stream = await api.stream(row.id);
  expect(stream.dtUs).toHaveLength(20);
  expect(stream.axis).toBe("exact");
}

describe("one real stream, one true picture", () => {
  it("prints the addresses and a request to copy", () => {
    const output = stack.program.output();
    expect(output).toContain(stack.dashboardUrl.replace("127.0.0.1", "").slice(-5));
    expect(output).toContain("curl -N");
    expect(output).toContain("admin");
  });

  it("shows a stream asked with the printed curl request", async () => {
    const printed = /curl -N[\s\S]*?'\n/.exec(`${stack.program.output()}\n`)?.[0] ?? "";
    expect(printed).toContain(`${stack.gatewayUrl}/exact/v1/chat/completions`);
    const result = spawnSync("bash", ["-c", printed], { encoding: "utf8" });
    expect(result.stdout).toContain("data: [DONE]");
    await isReferenceSchedule(await appears("exact"));
  });

  it("shows a stream asked with the openai client, which sees no usage it did not ask for", async () => {
    const client = new OpenAI({ apiKey: "sk-not-a-key", baseURL: `${stack.gatewayUrl}/exact/v1` });
    const stream = await client.chat.completions.create({
      model: "exact-openai",
      stream: true,
      messages: [{ role: "user", content: "Hello" }],
    });
    let chunks = 0;
    for await (const chunk of stream) {
      expect(chunk.choices.length).toBeGreaterThan(0);
      expect(chunk.usage ?? undefined).toBeUndefined();
      chunks += chunk.choices[0]?.delta.content ? 1 : 0;
    }
    expect(chunks).toBe(20);
    await isReferenceSchedule(await appears("exact-openai"));
  });

  it("shows a stream asked with a plain fetch loop", async () => {
    const answer = await fetch(`${stack.gatewayUrl}/exact/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body("exact-fetch")),
    });
    let text = "";
    const decoder = new TextDecoder();
    for await (const chunk of answer.body ?? []) text += decoder.decode(chunk, { stream: true });
    expect(text.endsWith("data: [DONE]\n\n")).toBe(true);
    await isReferenceSchedule(await appears("exact-fetch"));
  });

  it("stops on Ctrl-C with every part ended", async () => {
    expect(await stack.program.stop("SIGINT")).toBe(0);
    await expect(fetch(`${stack.gatewayUrl}/health`)).rejects.toThrow();
    await expect(fetch(`${stack.dashboardUrl}/health`)).rejects.toThrow();
  });
});

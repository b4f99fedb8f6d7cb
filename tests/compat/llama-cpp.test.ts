import { spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { signIn, type ApiClient } from "../harness/api-client.ts";
import { freePort } from "../harness/ports.ts";
import { answers, eventually } from "../harness/program.ts";
import { startStack, type Stack } from "../harness/stack.ts";

/**
 * Where the engine is: a folder with node_modules/node-llama-cpp, and a GGUF model. Both are installed outside the
 * workspaces (the engine is 725 MB); without them the check is skipped and counted.
 */
const engineDir = process.env["NEXENT_LLAMA_DIR"] ?? "";
const modelPath = process.env["NEXENT_LLAMA_MODEL"] ?? "";
const present = existsSync(join(engineDir, "node_modules", "node-llama-cpp")) && existsSync(modelPath);
if (!present) console.info("skipped: llama.cpp (set NEXENT_LLAMA_DIR and NEXENT_LLAMA_MODEL to run it)");

interface Measured {
  readonly id: string;
  readonly receivedAtMs: number;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
  readonly tokens: number;
}

const PROMPT = "the quick brown fox jumps over the lazy dog ".repeat(20);
const TOLERANCE = 0.05;

let engine: ChildProcess;
let engineUrl = "";
let stack: Stack;
let api: ApiClient;

async function ask(seed: number): Promise<string> {
  const answer = await fetch(`${stack.gatewayUrl}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      model: "random-llama",
      stream: true,
      max_tokens: 96,
      seed,
      messages: [{ role: "user", content: PROMPT }],
    }),
  });
  expect(answer.status).toBe(200);
  await answer.text();
  return answer.headers.get("x-engine-id") ?? "";
}

/** Compares what we recorded for the engine's request `id` with what the engine measured itself. */
async function compare(ids: readonly string[]): Promise<void> {
  const measured = (await (await fetch(`${engineUrl}/measured`)).json()) as Measured[];
  const rows = await eventually("all records", async () => {
    const { rows } = await api.requests("&m=random-llama");
    const details = await Promise.all(rows.map((row) => api.detail(row.id)));
    const byId = new Map(
      details.map((d) => [d.attributes.find((a) => a.key === "gen_ai.response.id")?.value, d.request]),
    );
    return ids.every((id) => byId.has(id)) ? byId : undefined;
  });
  for (const id of ids) {
    const truth = measured.find((item) => item.id === id);
    const ours = rows.get(id);
    if (truth === undefined || ours === undefined) throw new Error(`no record for ${id}`);
    const ttft = (truth.firstAtMs - truth.receivedAtMs) / 1000;
    const rate = (truth.tokens - 1) / ((truth.lastAtMs - truth.firstAtMs) / 1000);
    const ttftError = (ours.ttftSeconds ?? Number.NaN) / ttft - 1;
    const rateError = (ours.generationRateTokensPerSecond ?? Number.NaN) / rate - 1;
    console.info(
      `${id}: TTFT engine ${(ttft * 1000).toFixed(1)} ms, ours ${((ours.ttftSeconds ?? Number.NaN) * 1000).toFixed(1)} ms (${(ttftError * 100).toFixed(2)} %); ` +
        `rate engine ${rate.toFixed(2)}, ours ${(ours.generationRateTokensPerSecond ?? Number.NaN).toFixed(2)} tok/s (${(rateError * 100).toFixed(2)} %)`,
    );
    expect(Math.abs(ttftError)).toBeLessThan(TOLERANCE);
    expect(Math.abs(rateError)).toBeLessThan(TOLERANCE);
    expect(ours.outputTokens).toBe(truth.tokens);
    expect(ours.outcome).toBe("ok");
  }
}

describe.skipIf(!present)("a real llama.cpp behind the gateway", () => {
  beforeAll(async () => {
    const port = await freePort();
    engineUrl = `http://127.0.0.1:${port}`;
    engine = spawn(process.execPath, [join(import.meta.dirname, "llama-engine.mjs"), modelPath, String(port)], {
      env: { ...process.env, NEXENT_LLAMA_DIR: engineDir },
      stdio: "inherit",
    });
    stack = await startStack({ UPSTREAM_BASE_URL: `${engineUrl}/v1` });
    await answers(`${engineUrl}/health`);
    api = await signIn(stack.dashboardUrl);
    await ask(1); // first call pays for the engine's own warm-up
  });

  afterAll(async () => {
    engine?.kill();
    await stack?.stop();
  });

  it("agrees with the engine's own TTFT and rate within 5 % for one stream at a time", async () => {
    await compare([await ask(2), await ask(3), await ask(4)]);
  });

  it("agrees with the engine's own TTFT and rate within 5 % for four streams at once", async () => {
    await compare(await Promise.all([ask(5), ask(6), ask(7), ask(8)]));
  });
});

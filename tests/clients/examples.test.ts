/** The examples as they are shipped, against the exact-schedule server. */
import { spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startExactServer, type ExactServer } from "../../packages/cli/src/exact-server/server.ts";
import {
  attributesOf,
  startOtlpServer,
  type JsonSpan,
  type OtlpServer,
} from "../../packages/monitor/src/testing/otlp-server.testing.ts";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const EXAMPLES = fileURLToPath(new URL("../../examples", import.meta.url));

let exact: ExactServer;
let otlp: OtlpServer;
beforeAll(async () => {
  exact = await startExactServer();
  otlp = await startOtlpServer();
});
afterAll(async () => {
  await exact.close();
  await otlp.close();
});

type Child = ChildProcessByStdio<null, Readable, Readable>;

/** A running example. */
interface Running {
  readonly url: string;
  /** Ends it as an operator would; its exit code and what it wrote to stderr. */
  stop(): Promise<{ readonly code: number | null; readonly stderr: string }>;
}

function environment(): NodeJS.ProcessEnv {
  const { PATH = "", TMPDIR = "/tmp", HOME = "/" } = process.env;
  return {
    PATH,
    TMPDIR,
    HOME,
    ENABLE_TELEMETRY: "true",
    OTEL_EXPORTER_OTLP_ENDPOINT: otlp.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
    OPENAI_BASE_URL: exact.baseUrl,
    OPENAI_API_KEY: "none",
    ANTHROPIC_BASE_URL: exact.baseUrl.replace(/\/v1$/, ""),
    ANTHROPIC_API_KEY: "none",
    MODEL: "exact",
    PORT: "0",
  };
}

/** Spawns an example from a copy in this folder, whose clients and frameworks it then finds. */
async function spawnExample(name: string, file: string): Promise<{ readonly child: Child; readonly folder: string }> {
  const folder = await mkdtemp(join(HERE, ".example-"));
  await copyFile(join(EXAMPLES, name, file), join(folder, file));
  const args = ["--conditions=@nexent/source", "--import", "tsx", join(folder, file)];
  const child: Child = spawn(process.execPath, args, {
    cwd: folder,
    env: environment(),
    stdio: ["ignore", "pipe", "pipe"],
  });
  return { child, folder };
}

/** Runs an example that ends by itself. */
async function runExample(
  name: string,
  file: string,
): Promise<{ readonly code: unknown; readonly stdout: string; readonly stderr: string }> {
  const { child, folder } = await spawnExample(name, file);
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString("utf8")));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString("utf8")));
  const [code] = await once(child, "close");
  await rm(folder, { recursive: true });
  return { code, stdout, stderr };
}

/** Starts an example that serves. */
async function startExample(name: string): Promise<Running> {
  const { child, folder } = await spawnExample(name, "server.mjs");
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString("utf8")));
  const exited = once(child, "exit");
  const [line] = await Promise.race([once(child.stdout, "data"), exited.then(() => [stderr])]);
  await rm(folder, { recursive: true });
  return {
    url: /http:\S+/.exec(String(line))?.[0] ?? expect.fail(String(line)),
    async stop() {
      child.kill("SIGTERM");
      const [code] = await exited;
      return { code, stderr };
    },
  };
}

async function spansNamed(names: readonly string[]): Promise<readonly JsonSpan[]> {
  const spans = await otlp.waitForSpans(names.length);
  return names.map((name) => spans.find((span) => span.name === name) ?? expect.fail(`no span ${name}`));
}

/** The model's first token comes after half a second; a first request on a busy machine adds its own start to that. */
function expectFirstToken(attributes: Record<string, unknown> | undefined): void {
  const seconds = Number(attributes?.["llm.time_to_first_token_seconds"]);
  expect(seconds).toBeGreaterThan(0.49);
  expect(seconds).toBeLessThan(0.9);
}

describe.each([["express-openai"], ["fastify-anthropic"], ["ai-sdk"]])("the example %s", (name) => {
  it("answers, traces the request to the model's last token, shows its metrics and stops in order", async () => {
    otlp.received.length = 0;
    const { url, ...example } = await startExample(name);
    const answer = await fetch(`${url}/chat/42`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ question: "why?" }),
    });
    expect([answer.status, (await answer.text()).length > 20]).toEqual([200, true]);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toContain('http_route="/chat/:conversation",http_response_status_code="200"} 1');
    expect(metrics).toMatch(/^llm_requests_total\{model="exact",.*stream="true",outcome="ok"\} 1$/m);
    const { code, stderr } = await example.stop();
    expect([code, stderr]).toEqual([0, ""]);
    const [request, call] = await spansNamed(["POST /chat/:conversation", "chat exact"]);
    expect([call?.parentSpanId, call?.traceId]).toEqual([request?.spanId, request?.traceId]);
    expect(call && attributesOf(call)).toMatchObject({ "llm.outcome": "ok", "llm.output_tokens": expect.anything() });
    expectFirstToken(call && attributesOf(call));
  });
});

it("the example decorators traces the method that answers and in it the method that asks the model", async () => {
  otlp.received.length = 0;
  const { code, stdout, stderr } = await runExample("decorators", "app.ts");
  expect([code, stderr, stdout.length > 20]).toEqual([0, "", true]);
  const [answer, call] = await spansNamed(["assistant.answer", "chat exact"]);
  expect([call?.parentSpanId, call?.traceId]).toEqual([answer?.spanId, answer?.traceId]);
  expect(answer && attributesOf(answer)).toMatchObject({ "param.question": "why?" });
  expect(call && attributesOf(call)).toMatchObject({ "llm.outcome": "ok", "llm.output_tokens": 20 });
});

it("the example manual-span measures a block and a tracker, each with its tokens", async () => {
  otlp.received.length = 0;
  const { code, stdout, stderr } = await runExample("manual-span", "app.mjs");
  expect([code, stderr, stdout]).toEqual([0, "", "done\n"]);
  const spans = await otlp.waitForSpans(2);
  expect(spans.map(({ name }) => name)).toEqual(["chat exact", "chat exact"]);
  for (const span of spans) {
    const attributes = attributesOf(span);
    expect(attributes).toMatchObject({ "llm.outcome": "ok", "llm.output_tokens": 20, "llm.chunk_count": 20 });
    expectFirstToken(attributes);
  }
  expect(spans[0]?.events.map(({ name }) => name)).toContain("answer.complete");
});

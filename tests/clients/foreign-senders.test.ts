/** Programs of others send to the real server; what they did is read back from our JSON API. */
import { spawn } from "node:child_process";
import { cpSync } from "node:fs";
import type { Server } from "node:http";
import { join } from "node:path";
import { requestDetailSchema, requestListSchema, type RequestRow } from "@nexent/monitor-api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { signInAndSkip, startTestServer, type TestServer } from "../../packages/server/src/testing/server.ts";
import { ensureNode24 } from "../../tools/node-24.mjs";
import { installPackages } from "../harness/install-packages.ts";
import { startOpenAi } from "./openai-provider.testing.ts";

const SENDERS = join(import.meta.dirname, "senders");
const [PROTO, JSON_EXPORTER, GRPC] = ["proto", "http", "grpc"].map(
  (name) => `@opentelemetry/exporter-trace-otlp-${name}`,
);
const EXPORTERS = [PROTO, JSON_EXPORTER, GRPC];

let server: TestServer;
let provider: Server;
let modelUrl = "";
beforeAll(async () => {
  ({ server: provider, url: modelUrl } = await startOpenAi());
});
afterAll(() => {
  provider.closeAllConnections();
  provider.close();
});

/** Runs a program to its end against a server of its own, and gives what the server knows afterwards. */
async function send(program: string, env: Record<string, string>, node = process.execPath) {
  server = await startTestServer();
  try {
    const { PATH = "" } = process.env;
    const child = spawn(node, [program], { env: { PATH, MODEL_URL: modelUrl, ...addressesOf(env), ...env } });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString("utf8")));
    child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString("utf8")));
    const code = await new Promise((resolve) => child.on("close", resolve));
    expect([output, code]).toEqual(["", 0]);
    const browser = await signInAndSkip(server.dashboardUrl);
    const { rows } = await browser.data(`/api/requests?from=0&to=${Date.now()}`, requestListSchema);
    const details = await Promise.all(rows.map(({ id }) => browser.data(`/api/requests/${id}`, requestDetailSchema)));
    return { rows: rows.toReversed(), details: details.toReversed() };
  } finally {
    await server.stop();
  }
}

/** The path of the signal is the sender's business over HTTP, and does not exist over gRPC. */
function addressesOf({ EXPORTER }: Record<string, string>): Record<string, string> {
  return {
    OTLP_URL: EXPORTER === GRPC ? server.otlpGrpcUrl : `${server.otlpUrl}/v1/traces`,
    JAEGER_URL: server.jaegerThriftUrl,
  };
}

/** What a row says that every sender must get right. */
function summary({ operation, model, responseModel, provider, outcome, errorType, finishReason, ...row }: RequestRow) {
  return {
    call: `${operation} ${model}`,
    ...(responseModel === undefined ? {} : { responseModel }),
    provider,
    outcome: errorType === undefined ? outcome : `${outcome}: ${errorType}`,
    finishReason,
    tokens: [row.inputTokens, row.outputTokens],
  };
}

const CHAT = {
  call: "chat gpt-4o",
  responseModel: "gpt-4o-2024-08-06",
  provider: "openai",
  outcome: "ok",
  finishReason: "stop",
  tokens: [7, 20],
};
const EMBEDDING = {
  call: "embeddings text-embedding-3-small",
  provider: "openai",
  outcome: "ok",
  finishReason: undefined,
  tokens: [5, undefined],
};
const NO_COUNT = { tokens: [undefined, undefined] };
const REFUSED = { ...EMBEDDING, ...NO_COUNT, call: "chat refused" };

describe("instrumentations", () => {
  it.each(EXPORTERS)("OpenTelemetry's own, through %s", async (exporter = "") => {
    const { rows, details } = await send(join(SENDERS, "openai-calls.mjs"), {
      INSTRUMENTATION: "@opentelemetry/instrumentation-openai",
      OPENAI: "openai",
      EXPORTER: exporter,
    });
    expect(rows.map(summary)).toEqual([
      CHAT,
      CHAT,
      { ...EMBEDDING, responseModel: "text-embedding-3-small" },
      { ...REFUSED, outcome: "error: rate_limited" },
    ]);
    // It writes no time of the first token, so there is none.
    expect(details.map(({ marks }) => marks)).toEqual([{}, {}, {}, {}]);
  });

  it("OpenLLMetry of both generations of names; it tells of chats that succeed, and of no usage of streams", async () => {
    const base = { EXPORTER: PROTO ?? "" };
    const today = await send(join(SENDERS, "openai-calls.mjs"), {
      ...base,
      INSTRUMENTATION: "@traceloop/instrumentation-openai",
      OPENAI: "openai",
    });
    expect(today.rows.map(summary)).toEqual([CHAT, { ...CHAT, ...NO_COUNT }]);
    const before = await send(join(SENDERS, "openai-calls.mjs"), {
      ...base,
      INSTRUMENTATION: "traceloop14",
      OPENAI: "openai4",
    });
    expect(before.rows.map(summary)).toEqual([CHAT, { ...CHAT, ...NO_COUNT }]);
  });

  it("OpenInference", async () => {
    const { rows, details } = await send(join(SENDERS, "openai-calls.mjs"), {
      INSTRUMENTATION: "@arizeai/openinference-instrumentation-openai",
      OPENAI: "openai",
      EXPORTER: GRPC ?? "",
    });
    const { responseModel: _, ...streamed } = CHAT;
    expect(rows.map(summary)).toEqual([CHAT, { ...streamed, ...NO_COUNT }, { ...EMBEDDING, ...NO_COUNT }]);
    expect(rows.map(({ streaming }) => streaming)).toEqual([undefined, true, undefined]);
    expect(details[0]).toMatchObject({ cacheReadTokens: 3, reasoningTokens: 4 });
  });

  it("the AI SDK: a call is one row, with the first chunk as a chunk and never as a token", async () => {
    const { rows, details } = await send(join(SENDERS, "ai-sdk-calls.mjs"), { EXPORTER: JSON_EXPORTER ?? "" });
    expect(rows.map(summary)).toEqual([CHAT, CHAT, EMBEDDING, { ...REFUSED, outcome: "error: unknown" }]);
    expect(rows.map(({ streaming }) => streaming)).toEqual([false, true, undefined, false]);
    expect(rows.map(({ ttftSeconds }) => ttftSeconds)).toEqual(rows.map(() => undefined));
    expect(details[1]?.marks.firstChunkSeconds).toBeGreaterThan(0.04);
    expect(details[1]?.marks.firstChunkSeconds).toBeLessThan(rows[1]?.durationSeconds ?? 0);
    expect(details[0]).toMatchObject({ cacheReadTokens: 3, reasoningTokens: 4 });
  });
});

it("Jaeger's own client: parent, log and status come through thrift", async () => {
  const { rows, details } = await send(join(SENDERS, "jaeger-client.mjs"), {});
  expect(rows.map(({ service }) => service)).toEqual(["old-shop"]);
  expect(rows.map(summary)).toEqual([{ ...REFUSED, call: "chat gpt-4o", outcome: "error: unknown", tokens: [7, 20] }]);
  const [detail] = details;
  const [parent, child] = (detail?.trace ?? []).toSorted(
    (a, b) => Number(b.kind === "server") - Number(a.kind === "server"),
  );
  expect([parent?.name, parent?.kind, child?.name, child?.kind]).toEqual(["POST /ask", "server", "chat", "client"]);
  expect(child?.parentSpanId).toBe(parent?.spanId);
  expect(detail?.events.map(({ name }) => name)).toEqual(["retry"]);
  expect(detail?.resource).toContainEqual({ key: "region", value: "eu", type: "string" });
});

const three = installPackages({
  name: "otel-three-exporters",
  dependencies: {
    "@opentelemetry/api": "1.10.0",
    "@opentelemetry/exporter-trace-otlp-grpc": "0.301.0",
    "@opentelemetry/exporter-trace-otlp-http": "0.301.0",
    "@opentelemetry/exporter-trace-otlp-proto": "0.301.0",
    "@opentelemetry/otlp-exporter-base": "0.301.0",
    "@opentelemetry/sdk-trace": "3.1.1",
  },
});
const node24 = ensureNode24();
const folder = "folder" in three ? three.folder : "";
const missing =
  "reason" in three ? three.reason : node24 === undefined ? "Node 24 cannot be installed here" : undefined;
const lines = [
  { line: "2.12", node: process.execPath, program: join(SENDERS, "one-span.mjs"), why: undefined },
  { line: "3.1 on Node 24", node: node24 ?? "", program: join(folder, "one-span.mjs"), why: missing },
];

describe.each(lines)("exporters of OpenTelemetry $line", ({ node, program, why }) => {
  it.skipIf(why !== undefined).each(
    EXPORTERS.flatMap((name) => [
      [name, "none"],
      [name, "gzip"],
    ]),
  )(`%s, compression %s${why === undefined ? "" : `: ${why}`}`, async (exporter = "", compression = "") => {
    // Packages are found from where the program stands.
    if (program.startsWith(folder) && folder !== "") cpSync(join(SENDERS, "one-span.mjs"), program);
    const { rows, details } = await send(program, { EXPORTER: exporter, COMPRESSION: compression }, node);
    expect(rows.map(summary)).toEqual([{ ...EMBEDDING, call: "chat m ⏱", finishReason: "stop", tokens: [7, 20] }]);
    expect(details[0]?.events.map(({ name }) => name)).toEqual(["first_token_received"]);
  });
});

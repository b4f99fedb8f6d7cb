/**
 * G3, G4: keys, prompts, answers, query strings, cookies and paths go through every way a request can take, and are then
 * looked for in everything the product prints, exports, stores and answers.
 */
import { writeFileSync } from "node:fs";
import http from "node:http";
import { dirname } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  chunkEvent,
  sse,
  startFaultUpstream,
  type FaultUpstream,
} from "../../../packages/gateway/src/testing/fault-upstream.testing.ts";
import {
  exchangeBytes,
  fetchRaw,
  until,
  type RawAnswer,
} from "../../../packages/gateway/src/testing/raw-client.testing.ts";
import { signIn } from "../../harness/api-client.ts";
import { createCanaries, filesBelow, findCanaries } from "../../harness/canaries.ts";
import { freePort } from "../../harness/ports.ts";
import { eventually, startProgram, temporaryFolder } from "../../harness/program.ts";
import { startRecordingProxy, type RecordingProxy } from "../../harness/recording-proxy.ts";
import { startStack, type Stack } from "../../harness/stack.ts";

const secret = createCanaries([
  "gatewayToken",
  "wrongToken",
  "heldKey",
  "ownKey",
  "query",
  "cookie",
  "prompt",
  "systemPrompt",
  "toolArguments",
  "answer",
  "errorBody",
  "path",
  "host",
  "origin",
  "header",
  "password",
]);

/** Shown on purpose, so that a search which finds nothing is known to work. */
const MODEL = "canary-control-model";

const AUTHORISED = { "x-nexent-token": secret.gatewayToken };
const PRIVATE = {
  ...AUTHORISED,
  authorization: `Bearer ${secret.ownKey}`,
  cookie: `session=${secret.cookie}`,
  "x-custom": secret.header,
};

/** A body with a secret wherever people put one. */
function body(more: object = {}): string {
  return JSON.stringify({
    model: MODEL,
    stream: true,
    max_tokens: 9,
    user: secret.prompt,
    metadata: { note: secret.prompt },
    messages: [
      { role: "system", content: secret.systemPrompt },
      { role: "user", content: secret.prompt },
      {
        role: "assistant",
        tool_calls: [{ id: "1", type: "function", function: { name: "f", arguments: secret.toolArguments } }],
      },
    ],
    ...more,
  });
}

/** A careless provider: spans show its code only where that is a word. */
const ECHO = JSON.stringify({
  error: {
    message: `bad key ${secret.errorBody}: ${secret.prompt}`,
    type: "invalid_request_error",
    param: secret.errorBody,
    code: `your key ${secret.errorBody} is wrong`,
  },
});

function playUpstream(upstream: FaultUpstream): void {
  const deltas = [
    chunkEvent({ content: secret.answer }),
    chunkEvent({ tool_calls: [{ index: 0, id: "c", function: { name: "f", arguments: secret.toolArguments } }] }),
  ];
  upstream.play((request, response) => {
    const fate = String(request.headers["x-fate"] ?? "ok");
    if (/^\d+$/.test(fate)) {
      response.writeHead(Number(fate), { "content-type": "application/json", "www-authenticate": secret.errorBody });
      response.end(ECHO);
    } else if (fate === "ok") sse(response, [...deltas, chunkEvent({}, {}, "stop"), "data: [DONE]\n\n"]);
    else if (fate === "json") response.writeHead(200, { "content-type": "application/json" }).end(ECHO.slice(0, -9));
    else if (fate === "error-event") sse(response, [...deltas, `data: ${ECHO}\n\n`]);
    else if (fate === "redirect") response.writeHead(307, { location: `http://127.0.0.1:9/${secret.errorBody}` }).end();
    else if (fate === "no-head") response.socket?.resetAndDestroy();
    else if (fate === "bad-header") response.socket?.end(`HTTP/1.1 200 OK\r\nX-${secret.errorBody}: \u0001\r\n\r\n`);
    else if (fate !== "silent") {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(deltas.join(""));
      if (fate === "reset") setTimeout(() => response.socket?.resetAndDestroy(), 20);
    }
  });
}

function configuration(origin: string, deadPort: number): string {
  const dead = `http://127.0.0.1:${deadPort}`;
  return `upstreams:
  openai: { baseUrl: "${origin}/v1" }
  anthropic: { baseUrl: "${origin}" }
  gemini: { baseUrl: "${origin}" }
  ollama: { baseUrl: "${origin}" }
  held: { prefix: /held, baseUrl: "${origin}", apiKeyEnv: HELD_KEY }
  idle: { prefix: /idle, baseUrl: "${origin}", streamIdleTimeoutMs: 100 }
  dead: { prefix: /dead, baseUrl: "${dead}" }
`;
}

const folder = temporaryFolder();
let upstream: FaultUpstream;
let proxy: RecordingProxy;
let stack: Stack;
/** Answers of the gateway's own making, and everything else it says. */
const places = new Map<string, Uint8Array>();
let sent = 0;

beforeAll(async () => {
  upstream = await startFaultUpstream();
  playUpstream(upstream);
  proxy = await startRecordingProxy();
  const file = `${folder.path}/gateway.yaml`;
  writeFileSync(file, configuration(upstream.origin, await freePort()));
  stack = await startStack({
    GATEWAY_CONFIG: file,
    GATEWAY_TOKENS: secret.gatewayToken,
    HELD_KEY: secret.heldKey,
    GATEWAY_LOG_LEVEL: "debug",
    GATEWAY_ACCESS_LOG: "true",
    OTEL_LOG_LEVEL: "debug",
    OTEL_EXPORTER_OTLP_ENDPOINT: proxy.origin,
  });
  proxy.forwardTo(stack.otlpUrl);
});

afterAll(async () => {
  await stack?.stop();
  await proxy?.close();
  await upstream?.close();
  folder.remove();
});

function noteOwnAnswer(name: string, answer: RawAnswer): void {
  places.set(`answer to ${name}`, Buffer.from(JSON.stringify([answer.rawHeaders, answer.body.toString("latin1")])));
}

async function ask(path: string, fate: string, more: { headers?: http.OutgoingHttpHeaders; body?: string } = {}) {
  sent += 1;
  const answer = await fetchRaw(`${stack.gatewayUrl}${path}`, {
    body: more.body ?? body(),
    headers: { ...PRIVATE, "x-fate": fate, ...more.headers },
  });
  if (answer.headers["x-gateway-error"] !== undefined) noteOwnAnswer(`${path.split("?", 1)[0]} ${fate}`, answer);
  return answer;
}

const CHAT = `/v1/chat/completions?key=${secret.query}&x=${secret.query}`;
const GEMINI = `/gemini/v1beta/models/${MODEL}:streamGenerateContent?alt=sse&key=${secret.query}`;

async function leaveDuring(fate: string): Promise<void> {
  const before = upstream.requests.length;
  const request = http.request(`${stack.gatewayUrl}${CHAT}`, {
    method: "POST",
    headers: { ...PRIVATE, "content-type": "application/json", "x-fate": fate },
  });
  request.on("error", () => undefined);
  const head = new Promise((resolve) => request.once("response", resolve));
  request.end(body());
  await until(() => upstream.requests.length > before);
  if (fate !== "silent") await head;
  const open = await fetch(`${stack.gatewayUrl}/inflight`);
  places.set(`/inflight while ${fate}`, Buffer.from(await open.text()));
  request.destroy();
  await until(() => upstream.requests.at(-1)?.lostAtMs() !== undefined);
}

describe("every way a request can take", () => {
  it("answers, streaming or not, in every format", async () => {
    for (const path of [
      CHAT,
      `/anthropic/v1/messages?key=${secret.query}`,
      GEMINI,
      `/ollama/api/chat?${secret.query}`,
    ]) {
      expect((await ask(path, "ok")).status).toBe(200);
      await ask(path, "json", { body: body({ stream: false }) });
    }
    expect((await ask("/held/v1/chat/completions", "ok")).status).toBe(200);
    expect(upstream.requests.at(-1)?.headers.authorization).toBe(`Bearer ${secret.heldKey}`);
    await fetchRaw(`${stack.gatewayUrl}/v1/files/${secret.path}?a=${secret.query}`, { headers: PRIVATE });
    expect(upstream.requests.at(-1)?.url).toContain(secret.path);
  });

  it("errors of the provider that echo the key and the prompt", async () => {
    for (const fate of ["400", "401", "403", "422", "429", "500", "503", "error-event", "redirect"]) {
      for (const path of [CHAT, "/anthropic/v1/messages", GEMINI, "/ollama/api/chat"]) await ask(path, fate);
    }
  });

  it("broken, silent and dead upstreams", async () => {
    expect((await ask(CHAT, "no-head")).status).toBe(502);
    expect((await ask(CHAT, "reset")).complete).toBe(false);
    await ask(CHAT, "bad-header");
    expect((await ask("/idle/v1/chat/completions", "stall")).complete).toBe(false);
    for (const tail of ["v1/chat/completions", "v1/messages", `v1beta/models/${MODEL}:generateContent`, "api/chat"]) {
      expect((await ask(`/dead/${tail}?key=${secret.query}`, "ok")).status).toBe(502);
    }
  });

  it("clients that leave", async () => {
    await leaveDuring("stall");
    await leaveDuring("silent");
  });

  it("requests that are refused", async () => {
    const wrong = { "x-nexent-token": secret.wrongToken };
    expect((await ask(CHAT, "ok", { headers: wrong })).status).toBe(401);
    expect((await ask(`/${secret.path}/x?${secret.query}`, "ok")).status).toBe(404);
    expect((await ask(CHAT, "ok", { headers: { origin: `http://${secret.origin}.example` } })).status).toBe(403);
    await ask(CHAT, "400", { body: `{"model":"${secret.prompt}` });
    const { port } = new URL(stack.gatewayUrl);
    const raw: Record<string, string> = {
      "dot segments": `GET /v1/%2e%2e/${secret.path}?${secret.query} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
      "a foreign host": `GET /v1/models HTTP/1.1\r\nHost: ${secret.host}.example\r\nConnection: close\r\n\r\n`,
      "an upgrade": `GET /v1/${secret.path} HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: ${secret.header}\r\n\r\n`,
      CONNECT: `CONNECT ${secret.host}:443 HTTP/1.1\r\nHost: ${secret.host}\r\n\r\n`,
      "a body that is too large": `POST ${CHAT} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nx-nexent-token: ${secret.gatewayToken}\r\nContent-Type: text/plain\r\nContent-Length: 9999999999\r\n\r\n${secret.prompt}`,
      "a head that is too large": `GET /v1/models HTTP/1.1\r\nHost: localhost\r\nX-A: ${secret.header.repeat(4000)}\r\n\r\n`,
      garbage: `${secret.path} ${secret.query}\r\n\r\n`,
    };
    for (const [name, bytes] of Object.entries(raw)) {
      const { text } = await exchangeBytes(Number(port), bytes);
      expect(text, name).toMatch(/^HTTP\/1\.1 [45]\d\d /);
      places.set(`answer to ${name}`, Buffer.from(text, "latin1"));
    }
  });

  it("starts that fail: a password in a base URL, a held key without a token", async () => {
    for (const env of [
      { UPSTREAM_BASE_URL: `http://user:${secret.password}@127.0.0.1:9/v1` },
      { UPSTREAM_API_KEY: secret.heldKey },
      { GATEWAY_TOKENS: secret.wrongToken.slice(0, 20) },
    ]) {
      const program = startProgram("gateway", [], { GATEWAY_PORT: "0", ...env });
      expect(await program.exited).toBe(78);
      expect(program.output()).toContain("hint:");
      places.set(`output of a start with ${Object.keys(env)[0]}`, Buffer.from(program.output()));
    }
  });
});

describe("everything the product says, exports and stores", () => {
  it("holds the control, and none of the secrets", async () => {
    const api = await signIn(stack.dashboardUrl);
    const rows = await eventually("the requests being stored", async () => {
      const list = await api.requests(`&m=${MODEL}&limit=500`);
      return list.rows.length >= 40 ? list.rows : undefined;
    });
    const details = await Promise.all(rows.map((row) => api.detail(row.id)));
    // What never streamed has no page of its own.
    const streams = await Promise.all(rows.map((row) => api.stream(row.id).catch(() => undefined)));
    places.set("API", Buffer.from(JSON.stringify([rows, details, streams])));
    for (const accept of ["text/plain", "application/openmetrics-text"]) {
      const metrics = await fetch(`${stack.gatewayUrl}/metrics`, { headers: { accept } });
      places.set(`/metrics as ${accept}`, Buffer.from(await metrics.text()));
    }
    await stack.program.stop("SIGINT");
    places.set("output of the supervisor", Buffer.from(stack.program.output()));
    places.set("span exports", Buffer.concat(proxy.bodies));
    const stored = filesBelow(dirname(stack.dataDir));
    for (const [path, bytes] of stored) places.set(path.slice(dirname(stack.dataDir).length + 1), bytes);

    const withControl = [...places].filter(([, bytes]) => Buffer.from(bytes).includes(MODEL)).map(([place]) => place);
    console.info(
      `canaries: ${sent} requests, looked for in ${places.size} places; the control is in ${withControl.join(", ")}`,
    );
    expect(withControl).toEqual(expect.arrayContaining(["API", "/metrics as text/plain", "span exports"]));
    expect(
      withControl.some((place) => /journal/.test(place)),
      "the journal shows what it holds",
    ).toBe(true);
    expect([...places.keys()]).toEqual(expect.arrayContaining(["logs/gateway.log", "logs/server.log"]));
    expect(Buffer.from(places.get("logs/gateway.log") ?? []).toString()).toContain("/v1/chat/completions");
    expect(findCanaries({ control: MODEL }, places).length, "the search finds what is there").toBeGreaterThan(4);
    expect(findCanaries(secret, places)).toEqual([]);
  });
});

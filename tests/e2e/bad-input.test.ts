import { mkdirSync, writeFileSync } from "node:fs";
import { createServer, connect } from "node:net";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { signIn } from "../harness/api-client.ts";
import { generatedSpan, otlpJson } from "../harness/otlp.ts";
import { freePort, freePorts } from "../harness/ports.ts";
import { answers, startProgram, temporaryFolder, type Program } from "../harness/program.ts";

const MIB = 1024 * 1024;
const folder = temporaryFolder();
let server: Program;
let dashboardUrl = "";
let otlpUrl = "";
let thriftUrl = "";
let grpcUrl = "";
let env: Record<string, string> = {};

beforeAll(async () => {
  env = { ...(await freePorts()), LLM_MONITOR_DATA_DIR: join(folder.path, "data") };
  const urlOf = (variable: string): string => `http://127.0.0.1:${env[variable] ?? ""}`;
  dashboardUrl = urlOf("LLM_MONITOR_DASHBOARD_PORT");
  otlpUrl = urlOf("LLM_MONITOR_OTLP_HTTP_PORT");
  thriftUrl = urlOf("LLM_MONITOR_JAEGER_THRIFT_PORT");
  grpcUrl = urlOf("LLM_MONITOR_OTLP_GRPC_PORT");
  server = startProgram("server", [], env);
  await answers(`${dashboardUrl}/ready`, server);
});

afterAll(async () => {
  await server.stop();
  folder.remove();
});

function post(body: string | Uint8Array, headers: Record<string, string>): Promise<Response> {
  return fetch(`${otlpUrl}/v1/traces`, { method: "POST", headers, body: body as BodyInit });
}

/** The next good request is stored: nothing that came before harmed the server. */
let sequence = 0;
async function stillStores(): Promise<void> {
  const span = generatedSpan("after-bad-input", sequence++);
  const answer = await post(JSON.stringify(otlpJson([span])), { "content-type": "application/json" });
  expect(answer.status).toBe(200);
  expect(server.process.exitCode).toBeNull();
}

/** Sends raw bytes to a port and gives what came back. */
function raw(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(bytes));
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
      if (text.includes("\r\n\r\n")) socket.destroy();
    });
    socket.on("close", () => resolve(text));
    socket.on("error", reject);
  });
}

const nested = (depth: number): string =>
  `{"resourceSpans":[{"scopeSpans":[{"spans":[{"attributes":[{"key":"k","value":${'{"arrayValue":{"values":['.repeat(depth)}${"]}}".repeat(depth)}}]}]}]}]}`;

describe("malformed OTLP", () => {
  it.each([
    ["a truncated protobuf", () => new Uint8Array([0x0a, 0x7f, 0x01, 0x02]), "application/x-protobuf", 400],
    ["JSON with wrong types", () => '{"resourceSpans":{"not":"a list"}}', "application/json", 400],
    ["JSON that is none", () => '{"resourceSpans":[', "application/json", 400],
    ["nesting of 100 levels", () => nested(100), "application/json", 400],
    ["nesting of 100,000 levels", () => "[".repeat(100_000), "application/json", 400],
    ["21 MiB on the wire", () => new Uint8Array(21 * MIB), "application/x-protobuf", 413],
    ["an unknown content type", () => "hello", "text/plain", 415],
  ])("answers %s with a clear error and goes on", async (_, body, type, status) => {
    const answer = await post(body(), { "content-type": type });
    expect(answer.status).toBe(status);
    expect((await answer.arrayBuffer()).byteLength).toBeGreaterThan(0);
    await stillStores();
  });

  it("stops a gzip bomb at the cap", async () => {
    const bomb = gzipSync(Buffer.alloc(256 * MIB));
    const answer = await post(bomb, { "content-type": "application/x-protobuf", "content-encoding": "gzip" });
    expect(answer.status).toBe(413);
    await stillStores();
  });

  it("answers a broken gzip body with 400", async () => {
    const answer = await post(new Uint8Array([0x1f, 0x8b, 1, 2, 3]), {
      "content-type": "application/json",
      "content-encoding": "gzip",
    });
    expect(answer.status).toBe(400);
    await stillStores();
  });
});

describe("I18: hostile request lines", () => {
  it.each(["GET //", "GET http://", "GET /%E0%A4%A", "OPTIONS *"])(
    "answers %s on every listener without harm",
    async (line) => {
      for (const url of [otlpUrl, thriftUrl, grpcUrl, dashboardUrl]) {
        const port = Number(new URL(url).port);
        const answer = await raw(port, `${line} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`);
        expect(answer).toMatch(/^HTTP\/1\.1 (4\d\d|200|204) /);
      }
      await stillStores();
    },
  );
});

describe("sign-in", () => {
  it("answers a wrong password and an unknown user alike", async () => {
    const attempt = async (user: string): Promise<{ status: number; id: string }> => {
      const answer = await fetch(`${dashboardUrl}/api/session`, {
        method: "POST",
        headers: { "content-type": "application/json", origin: dashboardUrl },
        body: JSON.stringify({ user, password: "wrong-password" }),
      });
      return { status: answer.status, id: ((await answer.json()) as { error: { id: string } }).error.id };
    };
    expect(await attempt("admin")).toEqual({ status: 401, id: "UNAUTHENTICATED" });
    expect(await attempt("nobody")).toEqual({ status: 401, id: "UNAUTHENTICATED" });
    await expect(signIn(dashboardUrl)).resolves.toBeDefined();
  });
});

describe("a start that cannot work", () => {
  it("names the taken port, its variable and exits 75", async () => {
    const taken = createServer();
    const port = await freePort();
    await new Promise<void>((resolve) => taken.listen(port, "127.0.0.1", resolve));
    try {
      const program = startProgram("cli", ["up"], {
        ...(await freePorts()),
        GATEWAY_PORT: String(port),
        LLM_MONITOR_DATA_DIR: join(folder.path, "other"),
      });
      expect(await program.exited).toBe(75);
      expect(program.output()).toContain(String(port));
      expect(program.output()).toContain("GATEWAY_PORT");
      expect(program.output()).not.toMatch(/\n\s+at /);
    } finally {
      taken.close();
    }
  });

  it("names a data folder that is not a folder, and exits without a stack trace", async () => {
    const file = join(folder.path, "a-file");
    writeFileSync(file, "not a folder");
    const program = startProgram("server", [], { ...env, LLM_MONITOR_DATA_DIR: file });
    expect(await program.exited).toBe(73);
    expect(program.output()).toContain(file);
    expect(program.output()).not.toMatch(/\n\s+at /);
  });

  it("names the server that holds the data folder, and leaves it unharmed", async () => {
    const second = startProgram("server", [], { ...env, ...(await freePorts()) });
    expect(await second.exited).toBe(75);
    expect(second.output()).toContain(String(server.process.pid));
    await stillStores();
  });

  it("lists every wrong setting in one message and exits 78", async () => {
    mkdirSync(join(folder.path, "third"), { recursive: true });
    const program = startProgram("server", [], {
      ...env,
      LLM_MONITOR_DASHBOARD_PORT: "many",
      LLM_MONITOR_OTLP_HTTP_PORT: "70000",
    });
    expect(await program.exited).toBe(78);
    expect(program.output()).toContain("LLM_MONITOR_DASHBOARD_PORT");
    expect(program.output()).toContain("LLM_MONITOR_OTLP_HTTP_PORT");
  });

  it("refuses to listen to the network without a token", async () => {
    const program = startProgram("server", [], { ...env, LLM_MONITOR_BIND: "0.0.0.0" });
    expect(await program.exited).toBe(78);
    expect(program.output()).toContain("LLM_MONITOR_INGEST_TOKEN");
  });
});

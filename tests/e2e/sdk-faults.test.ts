/** The SDK in an application whose receiver is away, broken or hostile: bounded, exact, quiet, and out of the way. */
import { createMetricRegistry } from "@nexent/monitor-core";
import { createBackend, readMonitorConfig } from "@nexent/monitor/recorder";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createSecureServer } from "node:http2";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { HOSTILE_GRPC, HOSTILE_HTTP, type HostileReceiver } from "../harness/hostile-receivers.ts";

const PROTOCOLS = ["thrift", "OTLP over HTTP", "gRPC"] as const;
type Protocol = (typeof PROTOCOLS)[number];

/** Variables that send spans to a port in a protocol. */
function destination(protocol: Protocol, { port, secure }: Pick<HostileReceiver, "port" | "secure">) {
  const origin = `${secure === true ? "https" : "http"}://127.0.0.1:${port}`;
  if (protocol === "thrift") return { JAEGER_ENDPOINT: `${origin}/api/traces` };
  const base = { OTEL_EXPORTER_OTLP_ENDPOINT: origin, OTEL_EXPORTER_OTLP_TIMEOUT: "1000" };
  return protocol === "gRPC" ? { ...base, OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" } : base;
}

/** Where the status of the answer says that the spans were taken, whatever comes behind it. */
const TAKEN = { http: ["slow", "endless body", "body that never comes"], grpc: ["slow"] };

const cases = PROTOCOLS.flatMap((protocol) =>
  Object.entries(protocol === "gRPC" ? HOSTILE_GRPC : HOSTILE_HTTP).map(([mode, startReceiver]) => ({
    protocol,
    mode,
    startReceiver,
    taken: TAKEN[protocol === "gRPC" ? "grpc" : "http"].includes(mode),
  })),
);

describe("every span is exported or counted as dropped, and the end comes in time", () => {
  it.each(cases)("$protocol, $mode", async ({ protocol, startReceiver, taken }) => {
    const receiver = await startReceiver();
    const config = readMonitorConfig({
      ENABLE_TELEMETRY: "true",
      OTEL_BSP_MAX_QUEUE_SIZE: "100",
      OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "20",
      OTEL_BSP_SCHEDULE_DELAY: "10",
      ...destination(protocol, receiver),
    });
    const registry = createMetricRegistry();
    const { backend, available } = createBackend(config, { registry, version: "1", context: false });
    expect(available).toBe(true);
    let made = 0;
    for (let turn = 0; turn < 20; turn += 1) {
      for (let i = 0; i < 25; i += 1) backend.startSpan({ name: `span ${(made += 1)}`, kind: "client" }).end();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const beganMs = performance.now();
    await backend.shutdown(300);
    expect(performance.now() - beganMs).toBeLessThan(800);
    // What an aborted request was about is settled when its connection has closed.
    await expect.poll(() => backend.health.exported + backend.health.dropped).toBe(made);
    const { exported, dropped } = backend.health;
    expect(exported > 0).toBe(taken);
    const sums = [...registry.expose("text").matchAll(/^nexent_monitor_spans_(\w+)_total\S* (\d+)$/gm)];
    const total = (name: string): number =>
      sums.filter(([, one]) => one === name).reduce((sum, [, , count]) => sum + Number(count), 0);
    expect([total("exported"), total("dropped")]).toEqual([exported, dropped]);
    await receiver.close();
  });
});

interface Run {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
  /** From the line `ready` to the exit. */
  readonly afterReadyMs: number;
}

/** Runs a module as an application would: the built package, nothing in the environment but `env`. */
async function runApp(code: string, env: Record<string, string>): Promise<Run> {
  const { PATH = "" } = process.env;
  const child = spawn(process.execPath, ["--expose-gc", "--input-type=module", "--eval", code], {
    cwd: join(import.meta.dirname, "../../packages/monitor"),
    env: { PATH, ENABLE_TELEMETRY: "true", SERVICE_NAME: "faulty", ...env },
  });
  let [stdout, stderr, readyMs] = ["", "", performance.now()];
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString("utf8");
    if (chunk.includes("ready")) readyMs = performance.now();
  });
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString("utf8")));
  const exitCode = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { stdout, stderr, code: exitCode, afterReadyMs: performance.now() - readyMs };
}

/** 40 000 observed calls, each with an argument of its own, in turns of the event loop; then how much memory it took. */
const BUSY = `
  import { metricsText, monitorLlmCall, shutdown } from "@nexent/monitor";
  const ask = monitorLlmCall("m", "ask", { attributes: { text: "x".repeat(1000) } })(async () => "answer");
  const turn = () => new Promise((resolve) => setTimeout(resolve, 1));
  const used = () => { gc(); const { heapUsed, external } = process.memoryUsage(); return (heapUsed + external) / 2 ** 20; };
  for (let i = 0; i < 1000; i += 1) await ask();
  await turn();
  const before = used();
  for (let i = 0; i < 39000; i += 1) { await ask(); if (i % 200 === 0) await turn(); }
  const count = (name) => [...metricsText().matchAll(new RegExp("^" + name + "\\\\S* (\\\\d+)$", "gm"))].reduce((sum, one) => sum + Number(one[1]), 0);
  const result = { grownMiB: used() - before, made: 40000, exported: count("nexent_monitor_spans_exported_total"), dropped: count("nexent_monitor_spans_dropped_total") };
  const beganMs = performance.now();
  await shutdown();
  console.log(JSON.stringify({ ...result, shutdownMs: performance.now() - beganMs }));
`;

const IDLE = `
  import { monitorLlmCall } from "@nexent/monitor";
  const ask = monitorLlmCall("m")(async () => "answer");
  for (let i = 0; i < 2000; i += 1) await ask();
  await new Promise((resolve) => setTimeout(resolve, 700));
  console.log("ready");
`;

const away = PROTOCOLS.flatMap((protocol) => ["refused", "black hole"].map((mode) => ({ protocol, mode })));
const withTls = [...away, ...PROTOCOLS.map((protocol) => ({ protocol, mode: "TLS black hole" }))];

async function start(mode: string): Promise<HostileReceiver> {
  const receiver = await HOSTILE_HTTP[mode]?.();
  if (receiver === undefined) throw new Error(`no receiver ${mode}`);
  return receiver;
}

describe("an application whose receiver is away", () => {
  it.each(away)("keeps its memory, its log and its time: $protocol, $mode", async ({ protocol, mode }) => {
    const receiver = await start(mode);
    const run = await runApp(BUSY, destination(protocol, receiver));
    await receiver.close();
    expect(run.code).toBe(0);
    const { grownMiB, made, exported, dropped, shutdownMs } = JSON.parse(run.stdout);
    expect(grownMiB).toBeLessThan(16);
    expect(exported).toBe(0);
    // What is neither exported nor dropped waits: in the queue, or in the one request that is under way.
    expect(made - dropped).toBeGreaterThan(0);
    expect(made - dropped).toBeLessThanOrEqual(2048 + 512);
    expect(shutdownMs).toBeLessThan(2300);
    expect(run.stderr.match(/NexentMonitorWarning/g)?.length ?? 0).toBeLessThanOrEqual(1);
  });

  it.each(withTls)("ends when it wants to: $protocol, $mode", async ({ protocol, mode }) => {
    const receiver = await start(mode);
    const run = await runApp(IDLE, destination(protocol, receiver));
    await receiver.close();
    expect(run.code).toBe(0);
    expect(run.afterReadyMs).toBeLessThan(500);
  });
});

const OPENSSL = "/usr/bin/openssl";

/** A certificate for 127.0.0.1, made where `openssl` is installed. */
function makeCertificate(
  folder: string,
): { readonly key: Buffer; readonly cert: Buffer; readonly file: string } | undefined {
  const [key, file] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
  const args = [
    "req",
    "-x509",
    "-newkey",
    "rsa:2048",
    "-nodes",
    "-days",
    "2",
    "-keyout",
    key,
    "-out",
    file,
    ...subject,
  ];
  const { status } = spawnSync(OPENSSL, args, { stdio: "ignore" });
  return status === 0 ? { key: readFileSync(key), cert: readFileSync(file), file } : undefined;
}

const folder = mkdtempSync(join(tmpdir(), "sdk-tls-"));
const certificate = makeCertificate(folder);
afterAll(() => rmSync(folder, { recursive: true }));

describe.skipIf(certificate === undefined)(
  `a receiver behind TLS${certificate === undefined ? ": openssl is not installed" : ""}`,
  () => {
    const APP = `
      import { monitorLlmCall, shutdown } from "@nexent/monitor";
      await monitorLlmCall("m", "ask")(async () => "answer")();
      await shutdown();
    `;

    it.each(PROTOCOLS)("is spoken to if its certificate is trusted, and not otherwise: %s", async (protocol) => {
      const { key, cert, file } = certificate ?? { key: "", cert: "", file: "" };
      let requests = 0;
      const server = createSecureServer({ key, cert, allowHTTP1: true }, (_request, response) => {
        requests += 1;
        response.setHeader("grpc-status", "0");
        response.end();
      });
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      const env = destination(protocol, { port, secure: true });
      const strange = await runApp(APP, env);
      expect([strange.code, requests]).toEqual([0, 0]);
      expect(strange.stderr).toMatch(/spans cannot be sent to https:.*: (DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED)/);
      const trusted = await runApp(APP, { ...env, NODE_EXTRA_CA_CERTS: file });
      expect([trusted.code, trusted.stderr, requests]).toEqual([0, "", 1]);
      server.close();
    });
  },
);

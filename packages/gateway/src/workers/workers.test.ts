import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { chunkEvent, DONE_EVENT, startFaultUpstream, type FaultUpstream } from "../testing/fault-upstream.testing.ts";
import { startGatewayProcess, type GatewayProcess } from "../testing/gateway-process.testing.ts";
import { fetchRaw, until } from "../testing/raw-client.testing.ts";

const TELEMETRY = { ENABLE_TELEMETRY: "true", OTEL_TRACES_EXPORTER: "none" };
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

function run(env: Record<string, string> = {}): GatewayProcess {
  const gateway = startGatewayProcess({
    UPSTREAM_BASE_URL: `${upstream.origin}/v1`,
    GATEWAY_WORKERS: "2",
    GATEWAY_LOG_LEVEL: "debug",
    ...TELEMETRY,
    ...env,
  });
  children.push(gateway.child);
  return gateway;
}

/** Waits until both workers listen. */
async function originOf(gateway: GatewayProcess): Promise<string> {
  const port = await gateway.port();
  await until(() => gateway.events("worker_listening").length === 2, 20_000);
  return `http://127.0.0.1:${port}`;
}

function workersThatServed(gateway: GatewayProcess): Set<unknown> {
  return new Set(gateway.events("request").map(({ worker }) => worker));
}

/** Whether a process does anything; one that nobody has reaped does not. */
function isRunning(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
  } catch {
    return false;
  }
}

function sample(text: string, series: string): number | undefined {
  const line = text.split("\n").find((one) => one.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

/** Connects and leaves at once. */
function connectTo(origin: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(origin).port), "127.0.0.1", () => {
      socket.destroy();
      resolve();
    });
    socket.once("error", reject);
  });
}

const ask = (origin: string) => fetchRaw(`${origin}/v1/chat/completions`, { body: '{"model":"m"}' });
const scrape = async (origin: string) => (await fetchRaw(`${origin}/metrics`)).body.toString();
const REQUESTS = 'llm_requests_total{model="m",operation="chat",provider="openai",stream="false",outcome="ok"}';

function answerWhole(): void {
  upstream.play((_request, response) => {
    response.setHeader("content-type", "application/json");
    response.end('{"choices":[{"message":{"content":"x"},"finish_reason":"stop"}],"usage":{"completion_tokens":3}}');
  });
}

describe("a gateway of two workers", () => {
  it("39: shares one port, and any worker answers /metrics with the sum of all", async () => {
    answerWhole();
    const gateway = run();
    const origin = await originOf(gateway);
    for (let i = 0; i < 6; i += 1) expect((await ask(origin)).status).toBe(200);
    await until(() => workersThatServed(gateway).size === 2);
    for (let i = 0; i < 4; i += 1) {
      const text = await scrape(origin);
      expect(sample(text, REQUESTS)).toBe(6);
      expect(sample(text, 'nexent_monitor_state{state="active"}')).toBe(1);
      expect(sample(text, 'nexent_monitor_build_info{version="0.1.0"}')).toBe(1);
    }
    const tokens =
      'llm_total_tokens_total{model="m",operation="chat",provider="openai",type="output",estimated="false"}';
    expect(sample(await scrape(origin), tokens)).toBe(18);
    gateway.child.kill("SIGTERM");
    expect(await gateway.exit).toBe(0);
  });

  it("39: shows the open calls of both, and drains both on SIGTERM", async () => {
    const finish: (() => void)[] = [];
    upstream.play((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(chunkEvent({ content: "a" }));
      finish.push(() => response.end(DONE_EVENT));
    });
    const gateway = run();
    const origin = await originOf(gateway);
    const body = '{"model":"m","stream":true}';
    const answers = [1, 2, 3, 4].map(() => fetchRaw(`${origin}/v1/chat/completions`, { body }));
    await until(() => finish.length === 4);
    const streaming = { model: "m", state: "streaming" };
    await vi.waitFor(async () => {
      const view: unknown = JSON.parse((await fetchRaw(`${origin}/inflight`)).body.toString());
      expect(view).toMatchObject({ observed: true, total: 4, calls: [streaming, streaming, streaming, streaming] });
    });
    const waiting = 'llm_requests_in_flight{model="m",operation="chat",provider="openai",phase="generating"}';
    expect(sample(await scrape(origin), waiting)).toBe(4);
    gateway.child.kill("SIGTERM");
    await until(() => gateway.events("draining").length === 3);
    // A connection that comes while the port is being closed may be taken and never served.
    await vi.waitFor(() => expect(connectTo(origin)).rejects.toThrow("ECONNREFUSED"));
    for (const end of finish) end();
    expect((await Promise.all(answers)).map(({ complete }) => complete)).toEqual([true, true, true, true]);
    expect(await gateway.exit).toBe(0);
  });

  it("starts another worker for one that crashed, and what it had counted is not lost", async () => {
    answerWhole();
    const gateway = run();
    const origin = await originOf(gateway);
    for (let i = 0; i < 4; i += 1) await ask(origin);
    await until(() => workersThatServed(gateway).size === 2);
    expect(sample(await scrape(origin), REQUESTS)).toBe(4);
    const [first] = gateway.events("worker_listening");
    process.kill(Number(first?.["pid"]), "SIGKILL");
    await until(() => gateway.events("worker_ended").length === 1);
    expect((await ask(origin)).status).toBe(200);
    expect(sample(await scrape(origin), REQUESTS)).toBe(5);
    await until(() => gateway.events("worker_listening").length === 3, 20_000);
    const text = await scrape(origin);
    expect(sample(text, REQUESTS)).toBe(5);
    expect(sample(text, "nexent_gateway_worker_restarts_total")).toBe(1);
  });

  it("31: ends a worker that does not finish within the drain limit, and says by its exit code that it had to", async () => {
    const gateway = run({ GATEWAY_DRAIN_TIMEOUT_MS: "0" });
    await originOf(gateway);
    const stuck = Number(gateway.events("worker_listening")[0]?.["pid"]);
    process.kill(stuck, "SIGSTOP");
    const stopped = performance.now();
    gateway.child.kill("SIGTERM");
    expect(await gateway.exit).toBe(1);
    expect(performance.now() - stopped).toBeLessThan(10_000);
    expect(isRunning(stuck)).toBe(false);
  });

  it("ends its workers when it is killed itself", async () => {
    const gateway = run();
    const origin = await originOf(gateway);
    const workers = gateway.events("worker_listening").map(({ pid }) => Number(pid));
    gateway.child.kill("SIGKILL");
    await until(() => !workers.some(isRunning));
    // A connection that comes while the port is being closed may be taken and never served.
    await vi.waitFor(() => expect(connectTo(origin)).rejects.toThrow("ECONNREFUSED"));
  });

  it("exits with 75, and says so once, when the port is taken", async () => {
    const gateway = run({ GATEWAY_PORT: String(upstream.port), UPSTREAM_BASE_URL: "http://127.0.0.1:1/v1" });
    expect(await gateway.exit).toBe(75);
    expect(gateway.output().match(/another process listens/g)).toHaveLength(1);
  });

  it("is a pure relay without telemetry; /metrics shows the state family only", async () => {
    answerWhole();
    const gateway = run({ ENABLE_TELEMETRY: "false" });
    const origin = await originOf(gateway);
    await ask(origin);
    const samples = (await scrape(origin)).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    expect(samples).toHaveLength(4);
    expect(JSON.parse((await fetchRaw(`${origin}/inflight`)).body.toString())).toEqual({
      observed: false,
      total: 0,
      calls: [],
    });
  });
});

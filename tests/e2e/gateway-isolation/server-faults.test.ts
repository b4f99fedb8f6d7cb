/** G7: whatever happens to the server, calls through the gateway go on, as fast as before; what is lost is counted. */
import http from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  startFaultUpstream,
  type FaultUpstream,
} from "../../../packages/gateway/src/testing/fault-upstream.testing.ts";
import { fetchRaw, listenOnLoopback } from "../../../packages/gateway/src/testing/raw-client.testing.ts";
import { behaveByModel } from "../../harness/gateway/behaviours.ts";
import { chatBody } from "../../harness/gateway/fixture.ts";
import { fourFormats, startGatewayProcess, sumOf, type GatewayProcess } from "../../harness/gateway/process.ts";
import { COLLECTABLE, usageAfterCollection } from "../../harness/gateway/process-usage.ts";
import { freePort } from "../../harness/ports.ts";
import { answers, eventually, startProgram, temporaryFolder, type Program } from "../../harness/program.ts";

/** Two spans each: more than a queue of 2,048 and a batch under way can hold. */
const FLOOD_REQUESTS = 1_400;
const WARM_UP_REQUESTS = 800;
const FLOOD_CLIENTS = 8;
const EXPORT_TIMEOUT_MS = 2_000;
const TURNS = 100;
const MIB = 1024 * 1024;

const agent = new http.Agent({ keepAlive: true });
let upstream: FaultUpstream;
let quick: Receiver;
let reference: GatewayProcess;
let failures = 0;

interface Receiver {
  readonly origin: string;
  close(): void;
}

/** Takes spans and answers after `delayMs`. */
async function startReceiver(delayMs: number): Promise<Receiver> {
  const server = http.createServer((request, response) => {
    request.resume();
    request.on("end", () => setTimeout(() => response.writeHead(200).end(), delayMs));
  });
  const port = await listenOnLoopback(server);
  return {
    origin: `http://127.0.0.1:${port}`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

beforeAll(async () => {
  upstream = await startFaultUpstream();
  behaveByModel(upstream);
  quick = await startReceiver(0);
  reference = await gatewayTo(quick.origin);
  await flood(reference, WARM_UP_REQUESTS);
});

afterAll(async () => {
  agent.destroy();
  await reference?.stop();
  quick?.close();
  await upstream?.close();
});

/** A gateway whose spans go to `otlp`. */
const gatewayTo = (otlp: string): Promise<GatewayProcess> =>
  startGatewayProcess({
    yaml: fourFormats(upstream.origin),
    env: {
      ENABLE_TELEMETRY: "true",
      OTEL_EXPORTER_OTLP_ENDPOINT: otlp,
      OTEL_EXPORTER_OTLP_TIMEOUT: String(EXPORT_TIMEOUT_MS),
    },
    nodeArgs: COLLECTABLE,
  });

/** Milliseconds until the last byte of one stream. */
async function timed(origin: string): Promise<number> {
  const startMs = performance.now();
  const answer = await fetchRaw(`${origin}/v1/chat/completions`, { body: chatBody("text"), agent });
  if (answer.status !== 200 || !answer.complete || !answer.body.includes("[DONE]")) failures += 1;
  upstream.requests.length = 0;
  return performance.now() - startMs;
}

const median = (values: number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** Median milliseconds of one stream. */
interface Medians {
  readonly relayed: number;
  /** Through a gateway whose spans are taken at once. */
  readonly reference: number;
  readonly direct: number;
}

/** Takes turns, so that a busy machine is equally busy for all three. */
async function medians(gateway: GatewayProcess): Promise<Medians> {
  const [relayed, referred, direct]: [number[], number[], number[]] = [[], [], []];
  for (let turn = 0; turn < TURNS; turn += 1) {
    relayed.push(await timed(gateway.origin));
    referred.push(await timed(reference.origin));
    direct.push(await timed(upstream.origin));
  }
  return { relayed: median(relayed), reference: median(referred), direct: median(direct) };
}

async function flood(gateway: GatewayProcess, requests: number): Promise<void> {
  const client = async (): Promise<void> => {
    for (let at = 0; at < requests / FLOOD_CLIENTS; at += 1) await timed(gateway.origin);
  };
  await Promise.all(Array.from({ length: FLOOD_CLIENTS }, client));
}

const counterOf = async (gateway: GatewayProcess, family: string): Promise<number> =>
  sumOf(await gateway.metrics(), `nexent_monitor_spans_${family}_total`);

interface Measured extends Medians {
  readonly mode: string;
  readonly dropped: number;
  readonly grownMib: number;
}

/** Floods the gateway in this state of its receiver, then measures. */
async function measure(gateway: GatewayProcess, mode: string, requests = FLOOD_REQUESTS): Promise<Measured> {
  failures = 0;
  const droppedBefore = await counterOf(gateway, "dropped");
  const before = await usageAfterCollection(gateway.program);
  await flood(gateway, requests);
  const taken = await medians(gateway);
  const after = await usageAfterCollection(gateway.program);
  const dropped = (await counterOf(gateway, "dropped")) - droppedBefore;
  const grownMib = (after.residentBytes - before.residentBytes) / MIB;
  const ms = (value: number): string => `${value.toFixed(2)} ms`;
  console.info(
    `${mode}: ${requests + TURNS} relayed, ${failures} failed, median ${ms(taken.relayed)} ` +
      `(reference ${ms(taken.reference)}, direct ${ms(taken.direct)}), ${dropped} spans dropped, ` +
      `RSS ${grownMib.toFixed(1)} MiB more`,
  );
  return { mode, ...taken, dropped, grownMib };
}

function expectUnharmed(measured: Measured): void {
  expect(failures, `failed calls while ${measured.mode}`).toBe(0);
  // Wide, because other programs share the processor; a call that waited for the receiver would take seconds.
  expect(measured.relayed).toBeLessThan(2 * measured.reference + 2);
  expect(measured.grownMib).toBeLessThan(48);
}

/** The real server on free ports. */
async function startServer(): Promise<{ program: Program; otlpUrl: string; stop(): Promise<void> }> {
  const folder = temporaryFolder();
  const [dashboard, otlp] = [await freePort(), await freePort()];
  const program = startProgram("server", [], {
    LLM_MONITOR_DASHBOARD_PORT: String(dashboard),
    LLM_MONITOR_OTLP_HTTP_PORT: String(otlp),
    LLM_MONITOR_DATA_DIR: `${folder.path}/data`,
  });
  await answers(`http://127.0.0.1:${dashboard}/ready`, program);
  return {
    program,
    otlpUrl: `http://127.0.0.1:${otlp}`,
    async stop() {
      program.process.kill("SIGCONT");
      await program.stop("SIGKILL");
      folder.remove();
    },
  };
}

describe("a server that is frozen, comes back, and dies", { timeout: 120_000, retry: 1 }, () => {
  it("G7 costs no call, adds no time, and holds bounded memory; what is dropped is counted", async () => {
    const server = await startServer();
    const gateway = await gatewayTo(server.otlpUrl);
    try {
      expectUnharmed(await measure(gateway, "healthy", WARM_UP_REQUESTS));
      expect(await counterOf(gateway, "exported")).toBeGreaterThan(0);

      server.program.process.kill("SIGSTOP");
      const frozen = await measure(gateway, "frozen");
      expectUnharmed(frozen);
      expect(frozen.dropped).toBeGreaterThan(0);

      const exportedBefore = await counterOf(gateway, "exported");
      server.program.process.kill("SIGCONT");
      await eventually(
        "spans being exported again",
        async () => {
          await timed(gateway.origin);
          return (await counterOf(gateway, "exported")) > exportedBefore ? true : undefined;
        },
        { timeoutMs: 30_000, everyMs: 200 },
      );

      await server.program.stop("SIGKILL");
      const dead = await measure(gateway, "dead");
      expectUnharmed(dead);
      expect(dead.dropped).toBeGreaterThan(0);
    } finally {
      await gateway.stop();
      await server.stop();
    }
  });
});

describe("a receiver that answers later than an export may take", { timeout: 120_000, retry: 1 }, () => {
  it("G7 costs no call, adds no time, and holds bounded memory; what is dropped is counted", async () => {
    const slow = await startReceiver(2 * EXPORT_TIMEOUT_MS);
    const gateway = await gatewayTo(slow.origin);
    try {
      await flood(gateway, WARM_UP_REQUESTS);
      const measured = await measure(gateway, "slow receiver");
      expectUnharmed(measured);
      expect(measured.dropped).toBeGreaterThan(0);
    } finally {
      await gateway.stop();
      slow.close();
    }
  });
});

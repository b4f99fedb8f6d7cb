import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { encodeProtobuf } from "../../packages/server/src/testing/otlp-encode.ts";
import { telemetryBatch, telemetrySpan } from "../../packages/server/src/testing/spans.ts";
import { signIn } from "../harness/api-client.ts";
import { audit, CLEAN, createLoad, refusalOf, type Refusal, type Send } from "../harness/load.ts";
import { eventually, temporaryFolder, type Program } from "../harness/program.ts";
import { grpcSender, thriftSender } from "../harness/senders.ts";
import { serverUnderTest, type ServerUnderTest } from "../harness/server.ts";
import { hasStrace, withFault } from "../harness/tracing.ts";

const MIB = 1024 * 1024;
const DELAY_MS = 500;
/** Of the server, as the reliability contract gives it. */
const BUDGET_MIB = 1_024;
/** Together more than may be in flight. */
const [LARGE_BODIES, LARGE_BYTES] = [40, 4 * MIB];

const folder = temporaryFolder();
let server: ServerUnderTest;

afterAll(async () => {
  await server?.end();
  folder.remove();
});

/** Notes how long each acknowledgement took, ms. */
function timed(send: Send, acknowledgedMs: number[]): Send {
  return async (spans) => {
    const begin = performance.now();
    const outcome = await send(spans);
    if (outcome === "kept") acknowledgedMs.push(performance.now() - begin);
    return outcome;
  };
}

/** Asks for `/health` until told to stop; answers how long each answer took, ms. */
function probe(url: string): { stop(): Promise<readonly number[]> } {
  const tookMs: number[] = [];
  let isStopping = false;
  const probing = (async () => {
    while (!isStopping) {
      const begin = performance.now();
      await (await fetch(`${url}/health`)).text();
      tookMs.push(performance.now() - begin);
      await sleep(20);
    }
  })();
  return {
    async stop() {
      isStopping = true;
      await probing;
      return tookMs.toSorted((a, b) => a - b);
    },
  };
}

/** A span of its own, no LLM call, behind bytes of a field that nobody knows: large to hold, but cheap to send and to decode. */
function largeBody(n: number): Uint8Array<ArrayBuffer> {
  const spanId = (n + 1).toString(16).padStart(16, "0");
  const span = encodeProtobuf(
    telemetryBatch([telemetrySpan({ traceId: "a".repeat(32), spanId, attributes: new Map() })]),
  );
  // Field 15, of bytes; its length as a varint of four bytes.
  const head = [(15 << 3) | 2, ...[0, 7, 14].map((shift) => ((LARGE_BYTES >> shift) & 0x7f) | 0x80), LARGE_BYTES >> 21];
  const body = new Uint8Array(head.length + LARGE_BYTES + span.length);
  body.set(head);
  body.set(span, head.length + LARGE_BYTES);
  return new Uint8Array(gzipSync(body, { level: 1 }));
}

async function sendLarge(body: Uint8Array<ArrayBuffer>): Promise<Refusal> {
  const headers = { "content-type": "application/x-protobuf", "content-encoding": "gzip" };
  const answer = await fetch(`${server.otlpUrl}/v1/traces`, { method: "POST", headers, body });
  await answer.arrayBuffer();
  return refusalOf(answer);
}

function peakMib({ process: { pid } }: Program): number {
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;
}

describe("D7: slow disk", () => {
  it.skipIf(!hasStrace())(
    "acknowledges later and never before the sync, holds only so many bytes, goes on answering, loses nothing (skipped without strace)",
    async () => {
      server = await serverUnderTest(folder.path);
      // A folder that exists: to make one is slow enough on a good disk.
      await (await server.start()).stop();
      const slow = withFault("fsync,fdatasync", `delay_enter=${DELAY_MS * 1000}`);
      const program = await server.start({}, slow);
      const bodies = Array.from({ length: LARGE_BODIES }, (_, n) => largeBody(n));
      const acknowledgedMs: number[] = [];
      const load = createLoad(server.otlpUrl, "slow", [
        timed(thriftSender(server.thriftUrl), acknowledgedMs),
        timed(grpcSender(server.grpcPort), acknowledgedMs),
      ]);
      const probing = probe(server.otlpUrl);
      load.start(8);
      await eventually("slow acknowledgements", async () => (acknowledgedMs.length >= 12 ? true : undefined), {
        timeoutMs: 60_000,
      });
      const answers = await Promise.all(bodies.map(sendLarge));
      await load.stop();
      const probedMs = await probing.stop();

      expect(Math.min(...acknowledgedMs), "the disk was slow, and was waited for").toBeGreaterThan(DELAY_MS - 5);
      const refused = answers.filter(({ status }) => status !== 200);
      expect(refused.length, "what is in flight is bounded").toBeGreaterThan(0);
      expect(refused.length, "and what fits is taken").toBeLessThan(LARGE_BODIES);
      for (const { status, retryAfterSeconds } of refused) {
        expect([429, 503]).toContain(status);
        expect(retryAfterSeconds).toBeGreaterThan(0);
      }
      // An event loop that waited for the disk would answer no probe within a sync; a busy machine delays a few.
      const quantile = (part: number): number =>
        probedMs[Math.floor(probedMs.length * part)] ?? Number.POSITIVE_INFINITY;
      console.info(
        `slow disk: /health p50 ${quantile(0.5).toFixed(0)}, p99 ${quantile(0.99).toFixed(0)} ms, peak ${peakMib(program).toFixed(0)} MiB`,
      );
      expect(quantile(0.9), `${probedMs.length} probes`).toBeLessThan(DELAY_MS);
      expect(peakMib(program)).toBeLessThan(BUDGET_MIB);
      const metrics = await (await fetch(`${server.dashboardUrl}/metrics`)).text();
      const [, syncs] = /^nexent_server_sync_seconds_count (\d+)$/m.exec(metrics) ?? [];
      const [, seconds] = /^nexent_server_sync_seconds_sum ([\d.]+)$/m.exec(metrics) ?? [];
      expect(Number(seconds) / Number(syncs), "the metric of syncs shows it").toBeGreaterThan(DELAY_MS / 1000 - 0.005);

      expect(await program.stop()).toBe(0);
      const again = await server.start();
      expect(await audit(await signIn(server.dashboardUrl), load.acknowledged, "slow", load.sent)).toEqual(CLEAN);
      await again.stop();
    },
  );
});

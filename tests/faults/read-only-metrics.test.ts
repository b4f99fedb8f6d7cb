import { readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { failingDisk } from "../harness/failing-disk.ts";
import { freePort } from "../harness/ports.ts";
import { eventually, temporaryFolder } from "../harness/program.ts";
import { serverUnderTest, type ServerUnderTest } from "../harness/server.ts";

/** A sender rests that long between two samples. */
const REST_MS = 10;
const folder = temporaryFolder();
const disk = failingDisk(folder.path);
let server: ServerUnderTest | undefined;

afterAll(async () => {
  await server?.end();
  disk?.remove();
  folder.remove();
});

const answerSchema = z.object({
  status: z.literal("success"),
  data: z.object({ result: z.array(z.object({ values: z.array(z.tuple([z.number(), z.string()])) })) }),
});

/** Samples of one gauge, each with a value and a time of its own. */
function metricLoad(otlpUrl: string) {
  const beginMs = Date.now();
  const acknowledged = new Set<number>();
  const refusals: { readonly status: number; readonly retryAfter: string | null; readonly text: string }[] = [];
  let next = 0;
  let isStopping = false;
  let sending: Promise<void> | undefined;

  async function send(value: number): Promise<void> {
    const timeUnixNano = String(BigInt(beginMs + value) * 1_000_000n);
    const gauge = { dataPoints: [{ timeUnixNano, asDouble: value }] };
    const body = { resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: "disk_probe", gauge }] }] }] };
    const headers = { "content-type": "application/json" };
    const answer = await fetch(`${otlpUrl}/v1/metrics`, { method: "POST", headers, body: JSON.stringify(body) });
    const text = await answer.text();
    if (answer.status === 200) acknowledged.add(value);
    else refusals.push({ status: answer.status, retryAfter: answer.headers.get("retry-after"), text });
  }

  async function sendOn(): Promise<void> {
    for (; !isStopping; await sleep(REST_MS)) await send(next++);
  }

  return {
    acknowledged,
    refusals,
    start() {
      isStopping = false;
      sending = sendOn().catch(() => undefined); // the server is gone
    },
    async stop() {
      isStopping = true;
      await sending;
    },
  };
}

async function storedValues(prometheusUrl: string): Promise<readonly number[]> {
  const answer = await fetch(`${prometheusUrl}/api/v1/query?query=${encodeURIComponent("disk_probe[1h]")}`);
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${answer.status} ${text}`);
  const { data } = answerSchema.parse(JSON.parse(text));
  return data.result.flatMap(({ values }) => values.map(([, value]) => Number(value)));
}

describe("D8: the disk of metric samples turns read-only", () => {
  it.skipIf(disk === undefined)(
    "refuses with the name of the folder and a time to retry, answers questions, resumes by itself, and loses nothing (skipped where no ext4 can be mounted)",
    { retry: 0 },
    async () => {
      if (disk === undefined) return;
      const dataDir = join(disk.path, "data");
      const port = await freePort();
      const prometheusUrl = `http://127.0.0.1:${port}`;
      server = await serverUnderTest(dataDir);
      const env = { LLM_MONITOR_PROMETHEUS_PORT: String(port) };
      const program = await server.start(env);
      const load = metricLoad(server.otlpUrl);
      load.start();
      await eventually("stored samples", async () =>
        (await storedValues(prometheusUrl)).length > 50 ? true : undefined,
      );

      disk.fail();
      await eventually("refusals", async () => (load.refusals.length > 10 ? true : undefined));
      for (const { status, retryAfter, text } of load.refusals) {
        expect([status, Number(retryAfter) > 0]).toEqual([503, true]);
        expect(text).toContain(dataDir);
      }
      const before = load.acknowledged.size;
      const isAnswered = async (): Promise<true | undefined> =>
        (await storedValues(prometheusUrl)).length > 50 ? true : undefined;
      await eventually("the files are open to be read", isAnswered, { timeoutMs: 5_000 });
      for (let turn = 0; turn < 30; turn++) {
        expect(await isAnswered(), "questions go on").toBe(true);
        await sleep(100);
      }
      await load.stop();

      disk.replace();
      load.start();
      await eventually("ingest resumes", async () => (load.acknowledged.size > before + 50 ? true : undefined));
      await load.stop();
      const sorted = (values: Iterable<number>): readonly number[] => [...values].sort((a, b) => a - b);
      await eventually("the index follows", async () =>
        (await storedValues(prometheusUrl)).length === load.acknowledged.size ? true : undefined,
      );
      expect(sorted(await storedValues(prometheusUrl))).toEqual(sorted(load.acknowledged));
      expect(program.process.exitCode, "never restarted").toBe(null);
      expect(readdirSync(join(dataDir, "metrics", "quarantine")), "nothing was damaged").toEqual([]);
      expect(await program.stop()).toBe(0);
      const again = await server.start(env);
      expect(sorted(await storedValues(prometheusUrl))).toEqual(sorted(load.acknowledged));
      await again.stop();
    },
  );
});

import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { PORTS } from "@nexent/monitor-core";
import { afterEach, describe, expect, it } from "vitest";
import { signIn } from "../harness/api-client.ts";
import { audit, CLEAN, createLoad } from "../harness/load.ts";
import { freePort } from "../harness/ports.ts";
import { startProgram, temporaryFolder } from "../harness/program.ts";
import { serverUnderTest, type ServerUnderTest } from "../harness/server.ts";

const folders: ReturnType<typeof temporaryFolder>[] = [];
const servers: ServerUnderTest[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) await server.end();
  for (const folder of folders.splice(0)) folder.remove();
});

async function serverOn(dataDir: string): Promise<ServerUnderTest> {
  const server = await serverUnderTest(dataDir);
  servers.push(server);
  return server;
}

/** Sends a gauge with three values; answers them. */
async function pushSamples(otlpUrl: string): Promise<readonly number[]> {
  const values = [1.5, 2.25, 3.125];
  const dataPoints = values.map((asDouble, at) => ({
    timeUnixNano: String(BigInt(Date.now() - 60_000 + at * 1_000) * 1_000_000n),
    asDouble,
  }));
  const body = { resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: "backed_up", gauge: { dataPoints } }] }] }] };
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${otlpUrl}/v1/metrics`, { method: "POST", headers, body: JSON.stringify(body) });
  expect(answer.status).toBe(200);
  return values;
}

/** All values of the gauge, as the Prometheus API tells them. */
async function samplesAt(port: number): Promise<readonly number[]> {
  const answer = await fetch(`http://127.0.0.1:${port}/api/v1/query?query=backed_up[10m]`);
  const { data } = (await answer.json()) as { data: { result: { values: [number, string][] }[] } };
  return data.result.flatMap(({ values }) => values.map(([, value]) => Number(value)));
}

describe("D15: backup", () => {
  it("taken under load holds everything acknowledged before it began, and restores to a server", async () => {
    const folder = temporaryFolder();
    folders.push(folder);
    const [dataDir, copy, restored] = ["data", "copy", "restored"].map((name) => join(folder.path, name));
    if (dataDir === undefined || copy === undefined || restored === undefined) throw new Error("no folders");
    const server = await serverOn(dataDir);
    const program = await server.start();
    const load = createLoad(server.otlpUrl, "backup");
    load.start(4);
    const samples = await pushSamples(server.otlpUrl);
    await sleep(500);
    const before = new Map(load.acknowledged);
    const cli = startProgram("cli", ["data", "backup", "--to", copy], server.env);
    expect(await cli.exited, cli.output()).toBe(0);
    const during = load.acknowledged.size;
    await load.stop();
    expect(before.size).toBeGreaterThan(0);
    expect(during, "the load went on").toBeGreaterThan(before.size);
    const verify = startProgram("cli", ["data", "verify"], server.env);
    expect([await verify.exited, verify.output()]).toEqual([
      0,
      expect.stringMatching(/open .* spans .* ok[^]* metric .* samples .* ok/),
    ]);
    await program.stop();

    const restore = startProgram("cli", ["data", "restore", "--from", copy, "--to", restored], server.env);
    expect(await restore.exited, restore.output()).toBe(0);
    const again = startProgram("cli", ["data", "restore", "--from", copy, "--to", restored], server.env);
    expect(await again.exited, "not over an existing folder").not.toBe(0);
    const second = await serverOn(restored);
    const port = await freePort();
    const onBackup = await second.start({ [PORTS.prometheusQuery.variable]: String(port) });
    expect(await samplesAt(port)).toEqual(samples);
    expect(await audit(await signIn(second.dashboardUrl), before, "backup", load.sent)).toEqual(CLEAN);
    await onBackup.stop();
  });
});

import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { purgePreviewSchema, purgeReportSchema } from "@nexent/monitor-api";
import { signIn, type ApiClient } from "../harness/api-client.ts";
import { generatedSpan, otlpJson } from "../harness/otlp.ts";
import { eventually, startProgram, temporaryFolder } from "../harness/program.ts";
import { serverUnderTest, type ServerUnderTest } from "../harness/server.ts";

const FAILPOINTS = [
  "purge-planned",
  "purge-journal-rewritten",
  "purge-partition-written",
  "purge-renamed",
  "purge-before-done",
];
const folder = temporaryFolder();
let server: ServerUnderTest;

beforeAll(async () => {
  server = await serverUnderTest(folder.path);
});
afterEach(() => server.end());
afterAll(() => folder.remove());

/** Files below the data folder that hold the text, byte for byte. */
function filesWith(text: string): readonly string[] {
  const files = readdirSync(folder.path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((entry) => join(entry.parentPath, entry.name));
  return paths.filter((path) => readFileSync(path).includes(text)).map((path) => path.slice(folder.path.length + 1));
}

async function sendSecret(canary: string, run: string): Promise<void> {
  const spans = Array.from({ length: 30 }, (_, sequence) => generatedSpan(run, sequence));
  expect(await server.send(otlpJson(spans, canary))).toBe(200);
  expect(await server.send(otlpJson([generatedSpan(`${run}-other`, 1)], "others"))).toBe(200);
}

async function cli(...args: readonly string[]): Promise<{ readonly code: number | string; readonly text: string }> {
  const program = startProgram("cli", args, server.env);
  const code = await program.exited;
  return { code, text: program.output() };
}

/** Waits until that many calls are to be seen. */
function shows(api: ApiClient, total: number): Promise<unknown> {
  return eventually(`${total} calls`, async () => ((await api.requests()).total === total ? true : undefined));
}

describe("D14: purge", () => {
  it("asks before it erases, then erases every byte through the command line", async () => {
    const canary = randomBytes(48).toString("hex");
    const program = await server.start();
    await sendSecret(canary, "cli");
    const api = await signIn(server.dashboardUrl);
    await shows(api, 31);
    expect(filesWith(canary)).toContain("journal/000000000001.seg");

    expect(await cli("data", "purge", "--service", canary, "--dry-run")).toMatchObject({
      code: 0,
      text: expect.stringContaining("30 spans of 30 traces on 1 days"),
    });
    expect(await cli("data", "purge", "--service", canary)).toMatchObject({
      code: 64,
      text: expect.stringContaining("--yes"),
    });
    expect(filesWith(canary).length).toBeGreaterThan(0);
    const done = await cli("data", "purge", "--service", canary, "--yes");
    expect(done).toMatchObject({ code: 0, text: expect.stringContaining("30 spans erased (30 previewed)") });
    expect(filesWith(canary)).toEqual([]);
    await shows(api, 1);
    expect(await cli("data", "retain", "--yes")).toMatchObject({ code: 0, text: expect.stringContaining("0 spans") });
    await program.stop();
    expect(filesWith(canary)).toEqual([]);
  });

  it.each(FAILPOINTS)("is finished by the next start after kill -9 at %s", async (failpoint) => {
    const canary = randomBytes(48).toString("hex");
    const killed = await server.start({ LLM_MONITOR_FAILPOINT: `${failpoint}:1` });
    const api = await signIn(server.dashboardUrl);
    const before = (await api.requests()).total;
    await sendSecret(canary, failpoint);
    await shows(api, before + 31);
    expect(filesWith(canary).some((path) => path.startsWith("journal/"))).toBe(true);
    const { planId } = await api.post("/api/data/purge/preview", { service: canary }, purgePreviewSchema);
    await expect(api.post("/api/data/purge", { planId }, purgeReportSchema)).rejects.toThrow("fetch failed");
    expect(await killed.exited).toBe("SIGKILL");

    const restarted = await server.start();
    expect(filesWith(canary)).toEqual([]);
    await shows(await signIn(server.dashboardUrl), before + 1);
    await restarted.stop();
    expect(filesWith(canary)).toEqual([]);
  });
});

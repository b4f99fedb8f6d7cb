import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { signIn } from "../harness/api-client.ts";
import { failingDisk } from "../harness/failing-disk.ts";
import { audit, CLEAN, createLoad } from "../harness/load.ts";
import { generatedSpan, otlpJson } from "../harness/otlp.ts";
import { eventually, temporaryFolder } from "../harness/program.ts";
import { serverUnderTest, type ServerUnderTest } from "../harness/server.ts";

const folder = temporaryFolder();
const disk = failingDisk(folder.path);

let server: ServerUnderTest | undefined;

afterAll(async () => {
  await server?.end();
  disk?.remove();
  folder.remove();
});

describe("D8: the disk turns read-only", () => {
  it.skipIf(disk === undefined)(
    "refuses with the name of the folder and a time to retry, answers questions, resumes by itself, and loses nothing (skipped where no ext4 can be mounted)",
    { retry: 0 },
    async () => {
      if (disk === undefined) return;
      server = await serverUnderTest(join(disk.path, "data"));
      const program = await server.start();
      const api = await signIn(server.dashboardUrl);
      const load = createLoad(server.otlpUrl, "remount");
      load.start(4);
      await eventually("stored spans", async () => ((await api.requests()).total > 500 ? true : undefined));

      disk.fail();
      expect(() => writeFileSync(join(disk.path, "probe"), ""), "the fault is there").toThrow(/EROFS/);
      await eventually("refusals", async () => (load.refusals.length > 10 ? true : undefined));
      await load.stop();
      for (const { status, retryAfterSeconds } of load.refusals) {
        expect(status).toBe(503);
        expect(retryAfterSeconds).toBeGreaterThan(0);
      }
      const answer = await fetch(`${server.otlpUrl}/v1/traces`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(otlpJson([generatedSpan("remount", 1_000_000)])),
      });
      expect(await answer.text()).toContain(join(disk.path, "data"));
      await eventually("questions are answered", async () => ((await api.requests()).total > 500 ? true : undefined));

      disk.replace();
      const before = load.acknowledged.size;
      load.start(4);
      await eventually("ingest resumes", async () => (load.acknowledged.size > before + 500 ? true : undefined));
      await load.stop();
      await eventually("the index follows", async () =>
        (await api.requests()).total === load.acknowledged.size ? true : undefined,
      );
      expect(program.process.exitCode, "never restarted").toBe(null);
      expect(readdirSync(join(disk.path, "data", "quarantine")), "nothing was damaged").toEqual([]);
      expect(await program.stop()).toBe(0);
      const again = await server.start();
      expect(await audit(await signIn(server.dashboardUrl), load.acknowledged, "remount", load.sent)).toEqual(CLEAN);
      await again.stop();
    },
  );
});

import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { signIn } from "../harness/api-client.ts";
import { audit, CLEAN, createLoad } from "../harness/load.ts";
import { eventually, temporaryFolder } from "../harness/program.ts";
import { serverUnderTest, type ServerUnderTest } from "../harness/server.ts";
import { mountSmallDisk, unmountSmallDisk } from "../harness/small-disk.ts";

const MIB = 1024 * 1024;
const folder = temporaryFolder();
const disk = join(folder.path, "disk");

const isMounted = mountSmallDisk(disk, 64);

let server: ServerUnderTest | undefined;

afterAll(async () => {
  await server?.end();
  if (isMounted) unmountSmallDisk(disk);
  folder.remove();
});

describe("D5: disk full", () => {
  // A second try would find the disk as the first one left it.
  it.skipIf(!isMounted)(
    "refuses before the disk is full and in the middle of a write, with a time to retry; recovers by itself; loses nothing (skipped where no disk can be mounted)",
    { retry: 0 },
    async () => {
      server = await serverUnderTest(join(disk, "data"));
      const program = await server.start({ LLM_MONITOR_DISK_RESERVE_MIB: "16" });
      const api = await signIn(server.dashboardUrl);
      const load = createLoad(server.otlpUrl, "disk");
      load.start(4);
      await eventually("spans acknowledged", async () => (load.acknowledged.size > 100 ? true : undefined));

      // Below the reserve: refused early, while there is still room.
      const ballast = (size: number): void => writeFileSync(join(disk, "ballast"), Buffer.alloc(size * MIB));
      ballast(45);
      await eventually("a refusal", async () => (load.refusals.length > 0 ? true : undefined));
      const [first] = load.refusals;
      expect(first?.status).toBe(503);
      expect(first?.retryAfterSeconds).toBeGreaterThan(0);
      expect((await api.requests()).total, "queries go on").toBeGreaterThan(0);
      rmSync(join(disk, "ballast"));
      await resumes(load);

      // The rest of the disk is gone between two looks: real ENOSPC.
      const refusedBefore = load.refusals.length;
      for (let size = 40; size < 64; size += 1) {
        try {
          writeFileSync(join(disk, `rest-${size}`), Buffer.alloc(MIB));
          ballast(size);
        } catch {
          break; // the disk is full
        }
      }
      await eventually("a refusal on the full disk", async () =>
        load.refusals.length > refusedBefore ? true : undefined,
      );
      expect((await api.requests()).total, "queries go on").toBeGreaterThan(0);
      for (let size = 40; size < 64; size += 1) rmSync(join(disk, `rest-${size}`), { force: true });
      rmSync(join(disk, "ballast"), { force: true });
      await resumes(load);
      await load.stop();
      expect(program.process.exitCode, "never restarted").toBe(null);
      await program.stop();

      const restarted = await server.start();
      expect(await audit(await signIn(server.dashboardUrl), load.acknowledged, "disk", load.sent)).toEqual(CLEAN);
      await restarted.stop();
    },
  );
});

/** Ingest works again within 5 s, without anybody's help. */
async function resumes(load: ReturnType<typeof createLoad>): Promise<void> {
  const before = load.acknowledged.size;
  await eventually("ingest resumes", async () => (load.acknowledged.size > before ? true : undefined), {
    timeoutMs: 5_000,
  });
}

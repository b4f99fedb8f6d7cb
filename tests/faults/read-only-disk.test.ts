import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { signIn } from "../harness/api-client.ts";
import { audit, CLEAN, createLoad } from "../harness/load.ts";
import { generatedSpan, otlpJson } from "../harness/otlp.ts";
import { eventually, temporaryFolder } from "../harness/program.ts";
import { serverUnderTest, type ServerUnderTest } from "../harness/server.ts";

const folder = temporaryFolder();
const [image, disk] = [join(folder.path, "image"), join(folder.path, "disk")];

function run(command: string, ...args: readonly string[]): string {
  return execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
}

/** Mounts the image; a file system with files open for writing turns read-only by itself when it meets an error. */
function mountImage(image: string): string {
  run("mount", "-o", "loop,errors=remount-ro", image, disk);
  const device = basename(run("findmnt", "-n", "-o", "SOURCE", disk));
  return `/sys/fs/ext4/${device}/trigger_fs_error`;
}

/** Where to report an error to the file system; absent where this user may not make one. */
function makeDisk(): string | undefined {
  mkdirSync(disk);
  try {
    run("truncate", "-s", "128M", image);
    run("mkfs.ext4", "-q", image);
    return mountImage(image);
  } catch {
    return undefined; // not root, no loop devices, or no mkfs
  }
}
const trigger = makeDisk();

let server: ServerUnderTest | undefined;

afterAll(async () => {
  await server?.end();
  if (trigger !== undefined) run("umount", "-l", disk);
  folder.remove();
});

describe("D8: the disk turns read-only", () => {
  it.skipIf(trigger === undefined)(
    "refuses with the name of the folder and a time to retry, answers questions, resumes by itself, and loses nothing (skipped where no ext4 can be mounted)",
    { retry: 0 },
    async () => {
      server = await serverUnderTest(join(disk, "data"));
      const program = await server.start();
      const api = await signIn(server.dashboardUrl);
      const load = createLoad(server.otlpUrl, "remount");
      load.start(4);
      await eventually("stored spans", async () => ((await api.requests()).total > 500 ? true : undefined));

      writeFileSync(trigger ?? "", "test");
      expect(() => writeFileSync(join(disk, "probe"), ""), "the fault is there").toThrow(/EROFS/);
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
      expect(await answer.text()).toContain(join(disk, "data"));
      await eventually("questions are answered", async () => ((await api.requests()).total > 500 ? true : undefined));

      // As somebody does who replaces a disk: what had reached the old one, under the same path.
      run("umount", "-l", disk);
      run("cp", image, `${image}-2`);
      mountImage(`${image}-2`);
      const before = load.acknowledged.size;
      load.start(4);
      await eventually("ingest resumes", async () => (load.acknowledged.size > before + 500 ? true : undefined));
      await load.stop();
      await eventually("the index follows", async () =>
        (await api.requests()).total === load.acknowledged.size ? true : undefined,
      );
      expect(program.process.exitCode, "never restarted").toBe(null);
      expect(readdirSync(join(disk, "data", "quarantine")), "nothing was damaged").toEqual([]);
      expect(await program.stop()).toBe(0);
      const again = await server.start();
      expect(await audit(await signIn(server.dashboardUrl), load.acknowledged, "remount", load.sent)).toEqual(CLEAN);
      await again.stop();
    },
  );
});

import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { signIn } from "../harness/api-client.ts";
import { audit, CLEAN, createLoad } from "../harness/load.ts";
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
    await sleep(500);
    const before = new Map(load.acknowledged);
    const cli = startProgram("cli", ["data", "backup", "--to", copy], server.env);
    expect(await cli.exited, cli.output()).toBe(0);
    const during = load.acknowledged.size;
    await load.stop();
    expect(before.size).toBeGreaterThan(0);
    expect(during, "the load went on").toBeGreaterThan(before.size);
    const verify = startProgram("cli", ["data", "verify"], server.env);
    expect([await verify.exited, verify.output()]).toEqual([0, expect.stringMatching(/open .* spans .* ok/)]);
    await program.stop();

    const restore = startProgram("cli", ["data", "restore", "--from", copy, "--to", restored], server.env);
    expect(await restore.exited, restore.output()).toBe(0);
    const again = startProgram("cli", ["data", "restore", "--from", copy, "--to", restored], server.env);
    expect(await again.exited, "not over an existing folder").not.toBe(0);
    const second = await serverOn(restored);
    const onBackup = await second.start();
    expect(await audit(await signIn(second.dashboardUrl), before, "backup", load.sent)).toEqual(CLEAN);
    await onBackup.stop();
  });
});

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { openDataFolder, type DataFolder } from "./data-folder.ts";
import { nodeIoPort } from "./io-port.ts";

const folders: string[] = [];

afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function temporary(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "nexent-folder-"));
  folders.push(folder);
  return folder;
}

function open(dataDir: string): Promise<DataFolder> {
  return openDataFolder(dataDir, nodeIoPort);
}

describe("data folder", () => {
  it("EMB-9 D12 names the holder of a folder that is in use, and leaves it unharmed", async () => {
    const dataDir = await temporary();
    const held = await open(dataDir);
    await expect(open(dataDir)).rejects.toMatchObject({
      code: "DATA_DIR_LOCKED",
      message: expect.stringContaining(String(process.pid)),
    });
    expect(await readdir(dataDir)).toContain("LOCK");
    await held.release();
    expect(await readdir(dataDir)).not.toContain("LOCK");
    await (await open(dataDir)).release();
  });

  it("EMB-9 D12 takes over the lock of a dead process, a cut lock, and one whose process id lives on in another process", async () => {
    const child = spawn(process.execPath, ["-e", ""]);
    await once(child, "exit");
    const locks = [
      JSON.stringify({ pid: child.pid, started: "1" }),
      '{"pid":',
      JSON.stringify({ pid: process.pid, started: "1" }),
    ];
    for (const lock of locks) {
      const dataDir = await temporary();
      await writeFile(join(dataDir, "LOCK"), lock);
      await (await open(dataDir)).release();
      expect((await readdir(dataDir)).filter((name) => name.startsWith("LOCK"))).toStrictEqual([]);
    }
  });

  it("EMB-10 says what is wrong with a folder it cannot use", async () => {
    const dataDir = await temporary();
    const file = join(dataDir, "file");
    await writeFile(file, "");
    await expect(open(file)).rejects.toMatchObject({
      code: "DATA_DIR_UNUSABLE",
      message: expect.stringContaining(file),
      hint: expect.any(String),
    });
    await expect(open(join(file, "below"))).rejects.toMatchObject({ code: "DATA_DIR_UNUSABLE" });
    await expect(open("/proc/nexent")).rejects.toMatchObject({ code: "DATA_DIR_UNUSABLE" });
  });

  it("EMB-11 D13 refuses a newer folder and changes no byte of it", async () => {
    const dataDir = await temporary();
    await (await open(dataDir)).release();
    await writeFile(join(dataDir, "FORMAT"), "3\n");
    const before = await namesAndTimes(dataDir);
    await expect(open(dataDir)).rejects.toMatchObject({ code: "DATA_DIR_TOO_NEW" });
    expect(await namesAndTimes(dataDir)).toStrictEqual(before);
  });
});

async function namesAndTimes(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder, { recursive: true });
  return await Promise.all(names.sort().map(async (name) => `${name} ${(await stat(join(folder, name))).mtimeMs}`));
}

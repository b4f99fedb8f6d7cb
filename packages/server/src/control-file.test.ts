import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { controlFileIn, createControlFile } from "./control-file.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "nexent-control-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe("control file", () => {
  it("D16: replaces the whole file, private, and leaves nothing beside it", async () => {
    const file = controlFileIn(folder, "users");
    expect(await file.load()).toBeUndefined();
    await file.save({ a: 1 });
    await file.save({ a: 2 });
    expect(await controlFileIn(folder, "users").load()).toEqual({ a: 2 });
    const control = join(folder, "control");
    expect(await readdir(control)).toEqual(["users.json"]);
    expect((await stat(join(control, "users.json"))).mode & 0o777).toBe(0o600);
    expect((await stat(control)).mode & 0o777).toBe(0o700);
  });

  it("keeps the last of many saves that were started at once", async () => {
    const file = controlFileIn(folder, "sessions");
    await Promise.all(Array.from({ length: 20 }, (_, index) => file.save(index)));
    expect(await file.load()).toBe(19);
  });

  it("tells a damaged file from a missing one", async () => {
    await writeFile(join(folder, "broken.json"), "{");
    await expect(createControlFile(join(folder, "broken.json")).load()).rejects.toThrow(SyntaxError);
  });

  it("fails a save that cannot be made, and the next one works again", async () => {
    await writeFile(join(folder, "control"), "a file where the folder belongs");
    const file = controlFileIn(folder, "users");
    await expect(file.save(1)).rejects.toThrow();
    await rm(join(folder, "control"));
    await file.save(2);
    expect(await readFile(join(folder, "control", "users.json"), "utf8")).toBe("2");
  });
});

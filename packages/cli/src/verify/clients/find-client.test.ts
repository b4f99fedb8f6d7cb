import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { findClient } from "./find-client.ts";

const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function folderWith(packageName: string, manifest: unknown): string {
  const folder = mkdtempSync(join(tmpdir(), "nexent-clients-"));
  folders.push(folder);
  mkdirSync(join(folder, "node_modules", packageName), { recursive: true });
  mkdirSync(join(folder, "below"));
  writeFileSync(join(folder, "node_modules", packageName, "package.json"), JSON.stringify(manifest));
  return folder;
}

it("finds a client, also from a folder below, and tells the real package behind an alias", () => {
  const folder = folderWith("openai5", { name: "openai", version: "5.23.2" });
  const below = join(folder, "below");
  expect(findClient("openai5", { folder: below })).toEqual({
    found: {
      name: "openai5",
      folder: below,
      versions: ["openai 5.23.2", `Node ${process.versions.node}`],
      node: process.execPath,
    },
  });
});

it("leaves a client out that is not installed", () => {
  const folder = folderWith("openai5", { name: "openai", version: "5.23.2" });
  expect(findClient("openai4", { folder })).toEqual({
    leftOut: { name: "openai4", reason: "openai4 is not installed" },
  });
});

it("leaves a client out that no Node at hand can run, and says what to do", () => {
  const folder = folderWith("openai7", { name: "openai", version: "7.0.0", engines: { node: ">=99" } });
  const reason = "openai 7.0.0 needs Node >=99: name one with --node";
  expect(findClient("openai7", { folder })).toEqual({ leftOut: { name: "openai7", reason } });
  expect(findClient("openai7", { folder, node: join(folder, "no-such-program") })).toEqual({
    leftOut: { name: "openai7", reason },
  });
});

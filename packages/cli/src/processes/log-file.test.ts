import { closeSync, existsSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { lastLines, openLog } from "./log-file.ts";

const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function newPath(): string {
  const folder = mkdtempSync(join(tmpdir(), "nexent-cli-test-"));
  folders.push(folder);
  return join(folder, "logs", "server.log");
}

it("shows what was logged since it was opened, not what an earlier run left", () => {
  const path = newPath();
  closeSync(openLog(path).fd);
  writeFileSync(path, "old run\n");
  const log = openLog(path);
  writeFileSync(log.fd, "one\ntwo\nthree\n");
  closeSync(log.fd);
  expect(lastLines(path, log.sizeBytes, 2)).toEqual(["two", "three"]);
  expect(lastLines(path, log.sizeBytes, 9)).toEqual(["one", "two", "three"]);
});

it("starts a new file when the old one has grown large, and keeps one old file", () => {
  const path = newPath();
  closeSync(openLog(path).fd);
  truncateSync(path, 10 * 1024 * 1024);
  const log = openLog(path);
  closeSync(log.fd);
  expect(log.sizeBytes).toBe(0);
  expect(existsSync(`${path}.1`)).toBe(true);
});

it("has nothing to show of a log that is empty or missing", () => {
  const path = newPath();
  expect(lastLines(path, 0, 5)).toEqual([]);
  closeSync(openLog(path).fd);
  expect(lastLines(path, 0, 5)).toEqual([]);
});

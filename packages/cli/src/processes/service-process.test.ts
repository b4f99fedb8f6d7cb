import { readFileSync, rmSync } from "node:fs";
import { afterEach, expect, it } from "vitest";
import { writeChildScript, type ChildScript } from "../testing/child-script.ts";
import { findFreePort } from "./free-port.ts";
import { askHealth, waitUntilHealthy } from "./health.ts";
import { startService, type ServiceProcess } from "./service-process.ts";

const open: { readonly script: ChildScript; readonly service: ServiceProcess }[] = [];

afterEach(async () => {
  for (const { script, service } of open.splice(0)) {
    await service.stop(1_000);
    rmSync(script.dir, { recursive: true, force: true });
  }
});

async function start(
  prelude = "",
): Promise<{ readonly service: ServiceProcess; readonly url: string; readonly script: ChildScript }> {
  const script = writeChildScript(prelude);
  const port = await findFreePort();
  const env = { PATH: process.env["PATH"], PORT: String(port), NAME: "child" };
  const service = startService({ name: "child", entry: script.entry, env, logPath: script.logPath });
  open.push({ script, service });
  return { service, script, url: `http://127.0.0.1:${port}/health` };
}

function healthy(service: ServiceProcess, url: string): Promise<boolean> {
  return waitUntilHealthy({ urls: [url], timeoutMs: 10_000, givenUp: () => service.exit !== undefined });
}

it("runs a child whose output goes to its log, and stops it with SIGTERM", async () => {
  const { service, url, script } = await start();
  expect(await healthy(service, url)).toBe(true);
  expect(await service.stop(5_000)).toEqual({ code: 0, signal: null });
  expect(service.lastLogLines(5)).toEqual(["listening"]);
  expect(readFileSync(`${script.dir}/events.txt`, "utf8")).toContain("child stopped");
  expect((await askHealth(url)).status).toBe("down");
});

it("kills a child that does not follow SIGTERM in time", async () => {
  const { service, url } = await start("process.on('SIGTERM', () => undefined); process.exit = () => undefined;");
  expect(await healthy(service, url)).toBe(true);
  expect(await service.stop(50)).toEqual({ code: null, signal: "SIGKILL" });
});

it("stops waiting for the health of a child that has ended, and shows its last words", async () => {
  const { service, url } = await start("console.error('no data folder'); process.exit(73);");
  expect(await healthy(service, url)).toBe(false);
  expect(service.exit).toEqual({ code: 73, signal: null });
  expect(service.lastLogLines(1)).toEqual(["no data folder"]);
});

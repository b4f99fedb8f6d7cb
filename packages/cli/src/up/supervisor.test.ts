import { readFileSync, rmSync } from "node:fs";
import { afterEach, expect, it } from "vitest";
import { findFreePort } from "../processes/free-port.ts";
import { askHealth } from "../processes/health.ts";
import { writeChildScript } from "../testing/child-script.ts";
import { createSupervisor, type SupervisedService, type Supervisor, type SupervisorEvent } from "./supervisor.ts";

const supervisors: Supervisor[] = [];
const folders: string[] = [];

afterEach(async () => {
  for (const supervisor of supervisors.splice(0)) await supervisor.stop();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

interface Setup {
  readonly supervisor: Supervisor;
  readonly urls: readonly string[];
  readonly dir: string;
  /** Resolves with the next event of this kind. */
  readonly next: (kind: SupervisorEvent["kind"]) => Promise<SupervisorEvent>;
}

async function setUp(names: readonly string[], prelude = "", maxRestarts = 5): Promise<Setup> {
  const script = writeChildScript(prelude);
  folders.push(script.dir);
  const urls: string[] = [];
  const services: SupervisedService[] = [];
  for (const name of names) {
    const port = await findFreePort();
    urls.push(`http://127.0.0.1:${port}`);
    services.push({
      start: {
        name,
        entry: script.entry,
        env: { PATH: process.env["PATH"], PORT: String(port), NAME: name },
        logPath: `${script.dir}/${name}.log`,
      },
      readyUrls: [`http://127.0.0.1:${port}/health`],
      stopGraceMs: 2_000,
    });
  }
  const events: SupervisorEvent[] = [];
  let wake = (): void => undefined;
  const supervisor = createSupervisor({
    services,
    firstDelayMs: 5,
    maxRestarts,
    onEvent(event) {
      events.push(event);
      wake();
    },
  });
  supervisors.push(supervisor);
  const next = async (kind: SupervisorEvent["kind"]): Promise<SupervisorEvent> => {
    for (;;) {
      const index = events.findIndex((event) => event.kind === kind);
      const found = events.splice(index, index < 0 ? 0 : 1)[0];
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  return { supervisor, urls, dir: script.dir, next };
}

it("starts programs in order and stops them in reverse order", async () => {
  const { supervisor, dir } = await setUp(["server", "gateway"]);
  expect(await supervisor.start()).toEqual({ status: "running" });
  await supervisor.stop();
  const events = readFileSync(`${dir}/events.txt`, "utf8").trim().split("\n");
  expect(events).toEqual(["server up", "gateway up", "gateway stopped", "server stopped"]);
});

it("starts a crashed program again and says so", async () => {
  const { supervisor, urls, next } = await setUp(["server"]);
  await supervisor.start();
  await askHealth(`${urls[0]}/crash`);
  expect(await next("restarting")).toMatchObject({ name: "server", exit: { code: 1 }, delayMs: 5 });
  await next("restarted");
  expect((await askHealth(`${urls[0]}/health`)).status).toBe("up");
});

it("gives a program up after its restarts, with the end of its log", async () => {
  const { supervisor, urls, next } = await setUp(["server"], "", 0);
  await supervisor.start();
  await askHealth(`${urls[0]}/crash`);
  expect(await next("given_up")).toMatchObject({ name: "server", logTail: ["listening"] });
  await supervisor.allGone;
});

it("does not restart what a restart cannot heal", async () => {
  const { supervisor, urls, next } = await setUp(
    ["server"],
    "const exit = process.exit; process.exit = () => exit(78);",
  );
  await supervisor.start();
  await askHealth(`${urls[0]}/crash`);
  expect(await next("given_up")).toMatchObject({ exit: { code: 78 } });
});

it("reports the first program that does not come up and starts none after it", async () => {
  const { supervisor, dir } = await setUp(
    ["server", "gateway"],
    "console.log('data folder is locked'); process.exit(75);",
  );
  expect(await supervisor.start()).toEqual({
    status: "failed",
    name: "server",
    exit: { code: 75, signal: null },
    logTail: ["data folder is locked"],
  });
  expect(() => readFileSync(`${dir}/gateway.log`)).toThrow("ENOENT");
});

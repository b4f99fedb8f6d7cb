import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it, vi } from "vitest";
import { fetchRaw } from "./testing/raw-client.testing.ts";

const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));
/** Far more lines than a pipe and the log's own memory hold together. */
const REQUESTS = 12_000;
let children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children) child.kill("SIGKILL");
  children = [];
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" ? (address?.port ?? 0) : 0;
}

/** A gateway that logs every request to a pipe which nobody reads yet. */
async function startUnread(): Promise<{ origin: string; process: ChildProcess }> {
  const port = await freePort();
  const gateway = spawn(process.execPath, ["--conditions=@nexent/source", "--import", "tsx", MAIN], {
    env: { PATH: process.env["PATH"], GATEWAY_PORT: String(port), GATEWAY_ACCESS_LOG: "true" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(gateway);
  const origin = `http://127.0.0.1:${port}`;
  await vi.waitFor(() => fetchRaw(`${origin}/health`), { timeout: 20_000 });
  return { origin, process: gateway };
}

async function askOften(origin: string): Promise<void> {
  for (let asked = 0; asked < REQUESTS; asked += 20) {
    await Promise.all(Array.from({ length: 20 }, () => fetchRaw(`${origin}/v9/nowhere`)));
  }
}

describe("a log that nobody reads", () => {
  it("stops neither the requests nor the end", async () => {
    const gateway = await startUnread();
    await askOften(gateway.origin);
    expect((await fetchRaw(`${gateway.origin}/health`)).status).toBe(200);
    const exit = once(gateway.process, "exit");
    gateway.process.kill("SIGTERM");
    expect(await exit).toEqual([0, null]);
  });

  it("says how many lines were dropped once it is read again", async () => {
    const gateway = await startUnread();
    await askOften(gateway.origin);
    let text = "";
    gateway.process.stdout?.on("data", (bytes: Buffer) => (text += bytes.toString()));
    await vi.waitFor(() => expect(text).toContain("log_lines_dropped"), { timeout: 5_000 });
    const dropped = Number(/"event":"log_lines_dropped","lines":(\d+)/.exec(text)?.[1]);
    const written = text.split("\n").filter((line) => line.includes('"event":"request"')).length;
    expect(dropped + written).toBe(REQUESTS);
  });
});

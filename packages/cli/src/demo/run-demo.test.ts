import { afterEach, expect, it, vi } from "vitest";
import { startExactServer, type ExactServer } from "../exact-server/server.ts";
import { findFreePort } from "../processes/free-port.ts";
import type { DemoPlan, PlannedCall } from "./plan.ts";
import { runDemo, type DemoResult } from "./run-demo.ts";

const servers: ExactServer[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function start(): Promise<ExactServer> {
  const server = await startExactServer();
  servers.push(server);
  return server;
}

function call(exact: Readonly<Record<string, unknown>>, abortAfterMs?: number): PlannedCall {
  const body = {
    model: "demo-fast",
    stream: true,
    messages: [],
    exact: { ttftMs: 5, gapMs: 1, tokens: 3, finishMs: 1, ...exact },
  };
  return { atMs: 0, model: "demo-fast", body, abortAfterMs };
}

function planOf(calls: readonly PlannedCall[]): DemoPlan {
  return { calls, slowEpisode: { model: "demo-fast", fromMs: 0, toMs: 0 } };
}

function run(
  baseUrl: string,
  calls: readonly PlannedCall[],
  signal = new AbortController().signal,
  concurrency = 8,
): Promise<DemoResult> {
  return runDemo({ plan: planOf(calls), target: { baseUrl }, concurrency, signal, onProgress: () => undefined });
}

it("makes every planned call and counts how each ended", async () => {
  const server = await start();
  const result = await run(server.baseUrl, [
    call({}),
    call({ toolCall: true }),
    call({ status: 429 }),
    call({ dropAfterTokens: 1 }),
    call({ errorAfterTokens: 1 }),
    call({ ttftMs: 60_000 }, 20),
  ]);
  expect(result).toEqual({
    status: "finished",
    counts: { started: 6, running: 0, ok: 2, error: 3, aborted: 1, unreachable: 0 },
  });
  // The server hears of the last disconnect a moment after the client has counted it.
  await vi.waitFor(() => expect(server.stats()).toEqual({ started: 6, active: 0, aborted: 1, finished: 5 }));
});

it("never has more calls open than allowed", async () => {
  const server = await start();
  let most = 0;
  const watch = setInterval(() => (most = Math.max(most, server.stats().active)), 1);
  await run(
    server.baseUrl,
    Array.from({ length: 12 }, () => call({})),
    new AbortController().signal,
    3,
  );
  clearInterval(watch);
  expect(most).toBeGreaterThan(0);
  expect(most).toBeLessThanOrEqual(3);
});

it("stops at once when told to: open calls are aborted, no new ones are made", async () => {
  const server = await start();
  const stop = new AbortController();
  const running = run(server.baseUrl, [call({ ttftMs: 60_000 }), { ...call({}), atMs: 60_000 }], stop.signal);
  while (server.stats().active === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  stop.abort();
  expect(await running).toMatchObject({ status: "stopped", counts: { started: 1, aborted: 1 } });
});

it("gives up when nobody listens any more", async () => {
  const nowhere = `http://127.0.0.1:${await findFreePort()}/v1`;
  const result = await run(
    nowhere,
    Array.from({ length: 40 }, (_, index) => ({ ...call({}), atMs: index * 5 })),
  );
  expect(result.status).toBe("unreachable");
  expect(result.counts.started).toBeLessThan(40);
});

/** Row 31: SIGTERM lets running streams finish and refuses new ones; what is still running at the limit looks cut. */
import http from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  startFaultUpstream,
  type FaultUpstream,
} from "../../../packages/gateway/src/testing/fault-upstream.testing.ts";
import { fetchRaw, until } from "../../../packages/gateway/src/testing/raw-client.testing.ts";
import { behaveByModel } from "../../harness/gateway/behaviours.ts";
import { chatBody, MEASURING } from "../../harness/gateway/fixture.ts";
import { fourFormats, startGatewayProcess, type GatewayProcess } from "../../harness/gateway/process.ts";

let upstream: FaultUpstream;
let gateway: GatewayProcess;

beforeEach(async () => {
  upstream = await startFaultUpstream();
  behaveByModel(upstream);
  gateway = await startGatewayProcess({ yaml: fourFormats(upstream.origin), env: MEASURING });
});

afterEach(async () => {
  await gateway.stop("SIGKILL");
  await upstream.close();
});

const chat = (model: string, agent?: http.Agent) =>
  fetchRaw(`${gateway.origin}/v1/chat/completions`, { body: chatBody(model), ...(agent && { agent }) });

describe("SIGTERM during a stream", () => {
  it("G31 the running stream finishes, new requests are refused, and the process ends with 0", async () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    expect((await chat("text", agent)).complete).toBe(true);
    const running = chat("pace");
    await until(() => upstream.requests.length === 2);
    await pause(100);
    gateway.program.process.kill("SIGTERM");
    await until(() => gateway.program.output().includes('"draining"'));
    await expect(chat("text"), "the listener is closed").rejects.toThrow(/ECONNREFUSED|ECONNRESET/);
    const { complete, body } = await running;
    expect(complete).toBe(true);
    expect(body.toString("utf8")).toContain("[DONE]");
    expect(await gateway.program.exited).toBe(0);
    expect(upstream.requests, "no new request reached the upstream").toHaveLength(2);
    agent.destroy();
  });

  it("G31 what still runs at the drain limit is broken off, at the client and upstream", async () => {
    const running = chat("endless");
    await until(() => upstream.requests.length === 1);
    await pause(100);
    const startMs = performance.now();
    gateway.program.process.kill("SIGTERM");
    const { complete, body } = await running;
    expect(complete).toBe(false);
    expect(body.length).toBeGreaterThan(0);
    expect(performance.now() - startMs, "the drain limit is 2 s").toBeGreaterThan(1_800);
    expect(await gateway.program.exited).toBe(0);
    expect(upstream.requests[0]?.lostAtMs()).toBeDefined();
  });

  it("G31 a second signal ends at once", async () => {
    const broken = chat("endless").catch(() => undefined);
    await until(() => upstream.requests.length === 1);
    gateway.program.process.kill("SIGTERM");
    await until(() => gateway.program.output().includes('"draining"'));
    const startMs = performance.now();
    gateway.program.process.kill("SIGTERM");
    expect(await gateway.program.exited).not.toBe("unknown");
    expect(performance.now() - startMs).toBeLessThan(1_000);
    await broken;
  });
});

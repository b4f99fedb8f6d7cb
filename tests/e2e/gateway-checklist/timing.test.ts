/** Rows 3, 4 and 29: nothing is held, nothing is cut for being silent, and the keep-alive race is lost to nobody. */
import type { Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { chunkEvent, startFaultUpstream } from "../../../packages/gateway/src/testing/fault-upstream.testing.ts";
import { fetchRaw } from "../../../packages/gateway/src/testing/raw-client.testing.ts";
import { COMPLETION, LONG_SILENCE_MS } from "../../harness/gateway/behaviours.ts";
import { chatBody, MEASURING, POLICIES, useGateway } from "../../harness/gateway/fixture.ts";
import { fourFormats, startGatewayProcess, sumOf } from "../../harness/gateway/process.ts";

/** The upstream of the keep-alive race closes sockets that are idle for so long. */
const IDLE_MS = 60;

describe.each(POLICIES)("timing under %s", { timeout: 30_000 }, (usage) => {
  const fixture = useGateway({ usage });

  it("G03 chunks 10 ms apart are not held", async () => {
    // A busy machine holds a stream once; a proxy that buffers holds every one.
    const largest: number[] = [];
    for (let round = 0; round < 5; round += 1) {
      const { readsAtMs } = await fixture.relayed("/v1/chat/completions", { body: chatBody("pace") });
      largest.push(Math.max(...readsAtMs.slice(1).map((atMs, index) => atMs - (readsAtMs[index] ?? 0))));
      expect(readsAtMs.length, "chunks do not come together").toBeGreaterThan(50);
    }
    expect(Math.min(...largest)).toBeLessThan(40);
  });

  it("G04 the head is relayed before the first chunk", async () => {
    const answer = await fixture.relayed("/v1/chat/completions", { body: chatBody("late-chunk") });
    expect(answer.headAfterMs).toBeLessThan(200);
    expect(answer.readsAtMs[0]).toBeGreaterThan(290);
  });

  it("G29 long silence before the head and in mid-stream is not cut", async () => {
    const ask = (model: string) => fixture.relayed("/v1/chat/completions", { body: chatBody(model) });
    const [late, silent] = await Promise.all([ask("late-head"), ask("long-silence")]);
    expect(late.headAfterMs).toBeGreaterThan(LONG_SILENCE_MS - 50);
    expect(silent.readsAtMs.at(-1)).toBeGreaterThan(LONG_SILENCE_MS - 50);
    for (const answer of [late, silent]) {
      expect([answer.status, answer.complete]).toEqual([200, true]);
      expect(answer.body.toString("utf8")).toContain("[DONE]");
    }
  });

  it("G29 an upstream that closes idle sockets costs no request, and none is served twice", async () => {
    const closing = await startFaultUpstream();
    const idle = new Map<Socket, NodeJS.Timeout>();
    closing.play((_request, response) => {
      const { socket } = response;
      if (socket === null) return;
      clearTimeout(idle.get(socket));
      response.setHeader("content-type", "application/json");
      response.end(COMPLETION);
      idle.set(
        socket,
        setTimeout(() => socket.destroy(), IDLE_MS),
      );
    });
    const gateway = await startGatewayProcess({
      yaml: fourFormats(closing.origin),
      env: { ...MEASURING, LLM_MONITOR_INJECT_USAGE: String(usage === "inject") },
    });
    try {
      const statuses: number[] = [];
      for (let round = 0; round < 60; round += 1) {
        const body = chatBody(`race-${round}`, { stream: false });
        const answer = await fetchRaw(`${gateway.origin}/v1/chat/completions`, { body });
        statuses.push(answer.status);
        await pause(IDLE_MS - 4 + (round % 7));
      }
      expect(new Set(statuses)).toEqual(new Set([200]));
      const served = closing.requests.map((request) => /race-\d+/.exec(request.body.toString())?.[0]);
      expect(new Set(served).size, "nothing is served twice").toBe(served.length);
      expect(served).toHaveLength(60);
      console.info(
        `keep-alive race (${usage}): 60 requests, ${closing.connectionCount} connections, ` +
          `${sumOf(await gateway.metrics(), "nexent_gateway_stale_retries_total")} sent again`,
      );
      expect(closing.connectionCount, "sockets were reused, and closed").toBeGreaterThan(1);
    } finally {
      await gateway.stop();
      await closing.close();
    }
  });

  it("G29 only a request on a reused socket is sent again", async () => {
    const dying = await startFaultUpstream();
    dying.play((request, response) => {
      if (request.body.includes("die")) response.socket?.resetAndDestroy();
      else {
        response.setHeader("content-type", "text/event-stream");
        response.end(chunkEvent({ content: "x" }, {}, "stop"));
      }
    });
    const gateway = await startGatewayProcess({ yaml: fourFormats(dying.origin), env: MEASURING });
    try {
      const ask = async (model: string): Promise<number> =>
        (await fetchRaw(`${gateway.origin}/v1/chat/completions`, { body: chatBody(model, { stream: false }) })).status;
      expect(await ask("die-fresh")).toBe(502);
      expect(dying.requests).toHaveLength(1);
      expect(await ask("good")).toBe(200);
      expect(await ask("die-reused")).toBe(502);
      expect(dying.requests.map(({ number }) => number)).toEqual([1, 2, 3, 4]);
    } finally {
      await gateway.stop();
      await dying.close();
    }
  });
});

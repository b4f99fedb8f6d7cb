/** Rows 9 to 15: who leaves, who breaks off, and what the other side gets to know. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import http from "node:http";
import { describe, expect, it } from "vitest";
import { pause, until } from "../../../packages/gateway/src/testing/raw-client.testing.ts";
import { FIREHOSE_BYTES, firehoseChunk } from "../../harness/gateway/behaviours.ts";
import { chatBody, POLICIES, useGateway, type GatewayFixture } from "../../harness/gateway/fixture.ts";

const messages = [{ role: "user" as const, content: "hi" }];
/** The contract's bound; its goal is 50 ms. */
const ABORT_MS = 100;

/** Waits until the upstream has lost its only request; milliseconds since `leftAtMs`. */
async function lostAfterMs(fixture: GatewayFixture, leftAtMs: number): Promise<number> {
  const lostAt = (): number | undefined => fixture.upstream.requests.at(-1)?.lostAtMs();
  await until(() => lostAt() !== undefined);
  return (lostAt() ?? Infinity) - leftAtMs;
}

/** Resident memory of a process in bytes. */
function residentBytes(pid: number | undefined): number {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(line?.[1]) * 1024;
}

/** A client that does not read. */
async function stalledClient(fixture: GatewayFixture): Promise<http.IncomingMessage> {
  const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
    const sent = http.request(`${fixture.gateway.origin}/v1/chat/completions`, {
      method: "POST",
      agent: new http.Agent({ keepAlive: false }),
      headers: { "content-type": "application/json" },
    });
    sent.on("response", resolve);
    sent.on("error", reject);
    sent.end(chatBody("firehose"));
  });
  response.on("error", () => undefined);
  response.pause();
  return response;
}

/** Bytes the upstream got rid of, once that number has stopped growing. */
async function settled(bytes: () => number): Promise<number> {
  let now = bytes();
  for (let before = -1; before < now; now = bytes()) {
    before = now;
    await pause(200);
  }
  return now;
}

describe.each(POLICIES)("endings under %s", { timeout: 30_000 }, (usage) => {
  const fixture = useGateway({ usage });

  it("G09 an abort in mid-stream reaches the upstream", async () => {
    const controller = new AbortController();
    const stream = await fixture.client.chat.completions.create(
      { model: "endless", messages, stream: true },
      { signal: controller.signal },
    );
    let chunks = 0;
    let leftAtMs = 0;
    for await (const chunk of stream) {
      chunks += chunk.choices.length;
      if (chunks < 3) continue;
      leftAtMs = performance.now();
      controller.abort();
    }
    expect(await lostAfterMs(fixture, leftAtMs)).toBeLessThan(ABORT_MS);
  });

  it.each([
    ["G10 an abort before the first byte", true],
    ["G11 an abort of a request that does not stream", false],
  ])("%s reaches the upstream", async (_row, stream) => {
    const controller = new AbortController();
    const asked = fixture.client.chat.completions.create(
      { model: "silent", messages, stream },
      { signal: controller.signal },
    );
    const refused = expect(asked).rejects.toThrow("aborted");
    await until(() => fixture.upstream.requests.length === 1);
    await pause(150);
    const leftAtMs = performance.now();
    controller.abort();
    await refused;
    expect(await lostAfterMs(fixture, leftAtMs)).toBeLessThan(ABORT_MS);
    expect(fixture.upstream.requests).toHaveLength(1);
  });

  it("G12 a slow client holds the upstream back, memory stays flat, and then every byte comes", async () => {
    const { pid } = fixture.gateway.program.process;
    const residentBefore = residentBytes(pid);
    const response = await stalledClient(fixture);
    const sent = (): number => fixture.upstream.requests[0]?.bytesTaken() ?? 0;
    expect(await settled(sent), "the upstream is held back").toBeLessThan(FIREHOSE_BYTES / 3);
    expect(residentBytes(pid) - residentBefore).toBeLessThan(24 * 1024 * 1024);
    const hash = createHash("sha256");
    let received = 0;
    response.on("data", (chunk: Buffer) => {
      received += chunk.length;
      hash.update(chunk);
    });
    response.resume();
    await new Promise((resolve) => response.once("close", resolve));
    const expected = createHash("sha256");
    for (let at = 1; at <= FIREHOSE_BYTES / (64 * 1024); at += 1) expected.update(firehoseChunk(at));
    expect(received).toBe(FIREHOSE_BYTES);
    expect(hash.digest("hex")).toBe(expected.digest("hex"));
  });

  it("G13 a slow client that dies while blocked cancels the upstream", async () => {
    const response = await stalledClient(fixture);
    await settled(() => fixture.upstream.requests[0]?.bytesTaken() ?? 0);
    const leftAtMs = performance.now();
    response.socket.resetAndDestroy();
    expect(await lostAfterMs(fixture, leftAtMs)).toBeLessThan(ABORT_MS);
  });

  it.each([
    ["G14 an upstream reset", "reset"],
    ["G15 an upstream end without the last chunk", "early-end"],
  ])("%s is an error at the client, and earlier bytes are kept", async (_row, model) => {
    const { relayed, direct } = await fixture.both("/v1/chat/completions", { body: chatBody(model) });
    expect([relayed.complete, direct.complete]).toEqual([false, false]);
    expect(relayed.body.toString("utf8")).toBe(direct.body.toString("utf8"));
    expect(relayed.body.toString("utf8")).toContain('"content":"Hello"');
    expect(relayed.body.toString("utf8")).not.toContain("[DONE]");
    const stream = await fixture.client.chat.completions.create({ model, messages, stream: true });
    let seen = "";
    const read = async (): Promise<void> => {
      for await (const chunk of stream) seen += chunk.choices[0]?.delta.content ?? "";
    };
    await expect(read()).rejects.toThrow();
    expect(seen).toBe("Hello, ");
  });
});

/** Rows 23 to 26: headers of both directions, other endpoints, uploads. */
import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import http from "node:http";
import net from "node:net";
import { toFile } from "openai";
import { describe, expect, it } from "vitest";
import { exchangeBytes } from "../../../packages/gateway/src/testing/raw-client.testing.ts";
import { behaveByModel, COMPLETION } from "../../harness/gateway/behaviours.ts";
import { chatBody, comparable, POLICIES, useGateway } from "../../harness/gateway/fixture.ts";

const UPLOAD_BYTES = 20 * 1024 * 1024;
const hash = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

/** Headers of OpenAI's client and of people, in odd case and order. */
const SENT = [
  ["X-Odd-Case", "a"],
  ["Authorization", "Bearer sk-own"],
  ["OpenAI-Organization", "org-1"],
  ["OpenAI-Project", "proj-1"],
  ["Idempotency-Key", "idem-1"],
  ["User-Agent", "my-app/1.0"],
  ["x-stainless-retry-count", "0"],
  ["X-Stainless-Lang", "js"],
  ["accept", "application/json"],
  ["x-twice", "1"],
  ["x-twice", "2"],
] as const;

const HOP_BY_HOP = ["connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "http2-settings"];
const lower = (rawHeaders: readonly string[]): string[] =>
  rawHeaders.filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase());

describe.each(POLICIES)("headers under %s", (usage) => {
  const fixture = useGateway({ usage });

  it("G23 headers of one hop and those that Connection names go no further, both ways", async () => {
    fixture.upstream.play((_request, response) => {
      response.socket?.end(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close, X-Down-Hop\r\nX-Down-Hop: 1\r\n" +
          `Keep-Alive: timeout=5\r\nProxy-Authenticate: Basic\r\nX-Stays: 1\r\nContent-Length: 2\r\n\r\n{}`,
      );
    });
    const body = chatBody("m", { stream: false });
    const { text } = await exchangeBytes(
      fixture.gateway.port,
      "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" +
        "Connection: close, X-Up-Hop\r\nX-Up-Hop: 1\r\nTE: trailers\r\nProxy-Authorization: Basic eDp5\r\n" +
        `Keep-Alive: timeout=9\r\nX-Stays: 1\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    behaveByModel(fixture.upstream);
    const up = lower(fixture.upstream.requests[0]?.rawHeaders ?? []);
    expect(up).toContain("x-stays");
    const gone = ["x-up-hop", "te", "keep-alive", "proxy-authorization"];
    expect(up.filter((name) => gone.includes(name))).toEqual([]);
    expect(text).toContain("X-Stays: 1");
    expect(text).not.toMatch(/X-Down-Hop|Proxy-Authenticate|timeout=5/i);
  });

  it("G23 Expect: 100-continue is answered here and not forwarded", async () => {
    const body = chatBody("json", { stream: false });
    const sent = http.request(`${fixture.gateway.origin}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json", "content-length": body.length, expect: "100-continue" },
    });
    const answered = new Promise<number | undefined>((resolve, reject) => {
      sent.on("response", (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      sent.on("error", reject);
    });
    await new Promise<void>((resolve) => {
      sent.on("continue", resolve);
      sent.flushHeaders();
    });
    expect(fixture.upstream.requests, "the upstream is asked when the body is there").toHaveLength(0);
    sent.end(body);
    expect(await answered).toBe(200);
    expect(fixture.upstream.requests[0]?.headers["expect"]).toBeUndefined();
    expect(fixture.upstream.requests[0]?.body.toString()).toBe(body);
  });

  it.each([true, false])("G24 the client's headers pass as they are and none is added (stream: %s)", async (stream) => {
    const body = chatBody(stream ? "text" : "json", { stream });
    const head = SENT.map(([name, value]) => `${name}: ${value}\r\n`).join("");
    await exchangeBytes(
      fixture.gateway.port,
      `POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${head}` +
        `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    const arrived = fixture.upstream.requests[0]?.rawHeaders ?? [];
    const pairs = arrived.flatMap((name, at) => (at % 2 === 0 ? [[name, arrived[at + 1]]] : []));
    const ours = new Set(["host", "content-length", "connection", ...(stream ? ["accept-encoding"] : [])]);
    expect(pairs.filter(([name]) => !ours.has(name?.toLowerCase() ?? ""))).toEqual([
      ...SENT,
      ["Content-Type", "application/json"],
    ]);
    expect(fixture.upstream.requests[0]?.headers["accept-encoding"]).toBe(stream ? "identity" : undefined);
  });

  it("G25 status, reason and raw headers pass with their duplicates", async () => {
    fixture.upstream.play((_request, response) => {
      const raw = ["Content-Type", "application/json", "Set-Cookie", "a=1", "X-MiXed", "1", "set-cookie", "b=2"];
      response.writeHead(200, "Fine Indeed", [...raw, "openai-processing-ms", "12", "Content-Length", "2"]);
      response.end("{}");
    });
    const { relayed, direct } = await fixture.both("/v1/chat/completions", { body: chatBody("m", { stream: false }) });
    behaveByModel(fixture.upstream);
    expect([relayed.status, relayed.statusMessage]).toEqual([200, "Fine Indeed"]);
    expect(relayed.headers["set-cookie"]).toEqual(["a=1", "b=2"]);
    expect(comparable(relayed.rawHeaders)).toEqual(comparable(direct.rawHeaders));
    const added = lower(relayed.rawHeaders).filter((name) => !lower(direct.rawHeaders).includes(name));
    expect(added.filter((name) => !HOP_BY_HOP.includes(name))).toEqual([]);
  });

  it("G26 models, embeddings and unknown endpoints pass; %-escapes and the query are kept", async () => {
    fixture.upstream.play((_request, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.end('{"object":"list","data":[{"id":"m1","embedding":[0.5],"index":0}],"usage":{"prompt_tokens":3}}');
    });
    const models = await fixture.client.models.list();
    expect(models.data[0]?.id).toBe("m1");
    const embedded = await fixture.client.embeddings.create({ model: "e", input: "x", encoding_format: "float" });
    expect(embedded.data[0]?.embedding).toEqual([0.5]);
    const target = "/v1/files/a%2Fb%20c%C3%A9?x=1&y=%2f..%2f&&z=a+b&empty=";
    for (const method of ["GET", "DELETE", "PATCH", "OPTIONS"]) {
      const answer = await fixture.relayed(target, { method });
      expect([method, answer.status]).toEqual([method, 200]);
      expect(fixture.upstream.requests.at(-1)).toMatchObject({ method, url: target });
    }
    behaveByModel(fixture.upstream);
  });

  it("G26 a 20 MB upload of the openai client arrives identical, with flat memory", async () => {
    const resident = (): number =>
      Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${fixture.gateway.program.process.pid}/status`, "utf8"))?.[1]);
    fixture.upstream.play((_request, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.end('{"id":"file-1","object":"file"}');
    });
    const bytes = randomBytes(UPLOAD_BYTES);
    const upload = async (): Promise<string> => {
      const file = await fixture.client.files.create({ file: await toFile(bytes, "b.jsonl"), purpose: "batch" });
      return file.id;
    };
    // The first one fills the young generation, which is no growth.
    expect(await upload()).toBe("file-1");
    const before = resident();
    let highest = before;
    const watch = setInterval(() => (highest = Math.max(highest, resident())), 10);
    for (let round = 0; round < 3; round += 1) expect(await upload()).toBe("file-1");
    clearInterval(watch);
    behaveByModel(fixture.upstream);
    const arrived = fixture.upstream.requests[0]?.body ?? Buffer.alloc(0);
    const start = arrived.indexOf(bytes.subarray(0, 64));
    expect(hash(arrived.subarray(start, start + UPLOAD_BYTES))).toBe(hash(bytes));
    console.info(`60 MB of uploads (${usage}): RSS ${before} kB before, at most ${highest} kB`);
    expect(highest - before, "kB").toBeLessThan((1.5 * UPLOAD_BYTES) / 1024);
  });

  it("G26 curl sees what it sees without the gateway, pipelined keep-alive requests too", async () => {
    const body = chatBody("json", { stream: false });
    const one = `POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n`;
    const socket = net.connect(fixture.gateway.port, "127.0.0.1");
    const chunks: Buffer[] = [];
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.write(`${one}\r\n${body}${one}Connection: close\r\n\r\n${body}`);
    await new Promise((resolve) => socket.on("close", resolve));
    expect(Buffer.concat(chunks).toString("utf8").split(COMPLETION)).toHaveLength(3);
  });
});

import net from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startFaultUpstream, type FaultUpstream } from "./testing/fault-upstream.testing.ts";
import { fetchRaw, listenOnLoopback, pause, until } from "./testing/raw-client.testing.ts";
import { startTestGateway, type TestGateway } from "./testing/test-gateway.testing.ts";

let upstream: FaultUpstream;
let gateway: TestGateway;

beforeEach(async () => {
  upstream = await startFaultUpstream({ keepAliveTimeout: 10_000 });
  gateway = await startTestGateway({ upstreamOrigin: upstream.origin });
});

afterEach(async () => {
  await gateway.gateway.close(0);
  await upstream.close();
});

const CHAT = "/v1/chat/completions";

function ask(body = "{}", headers = {}): ReturnType<typeof fetchRaw> {
  return fetchRaw(gateway.origin + CHAT, { body, headers });
}

describe("the single retry", () => {
  it("29: a request on a reused socket that the upstream closes unanswered is sent once more, on a new connection", async () => {
    await ask();
    upstream.play((request, response) => {
      if (request.number === 2) response.socket?.destroy();
      else response.end("served");
    });
    const answer = await ask('{"n":2}');
    expect([answer.status, answer.body.toString()]).toEqual([200, "served"]);
    expect(upstream.requests.map((request) => request.body.toString())).toEqual(["{}", '{"n":2}', '{"n":2}']);
    expect(upstream.connectionCount).toBe(2);
  });

  it("29: dispatching again from the error callback does not end the process (undici asserts on the same client)", async () => {
    await ask();
    let fatal: unknown;
    const onFatal = (error: unknown): void => {
      fatal = error;
    };
    process.on("uncaughtException", onFatal);
    upstream.play((request, response) => {
      if (request.number % 2 === 0) response.socket?.resetAndDestroy();
      else response.end("served");
    });
    for (let i = 0; i < 5; i += 1) expect((await ask()).body.toString()).toBe("served");
    process.off("uncaughtException", onFatal);
    expect(fatal).toBeUndefined();
  });

  it("a fresh connection that fails is not tried again", async () => {
    upstream.play((_request, response) => response.socket?.destroy());
    expect((await ask()).status).toBe(502);
    expect(upstream.requests).toHaveLength(1);
  });

  it("a second failure is not tried a third time", async () => {
    await ask();
    upstream.play((_request, response) => response.socket?.destroy());
    expect((await ask()).status).toBe(502);
    expect(upstream.requests).toHaveLength(3);
  });

  it("a request that got a single byte of answer is not sent again", async () => {
    await ask();
    upstream.play((_request, response) => {
      response.socket?.end("HTTP/1.1 200");
    });
    expect((await ask()).status).toBe(502);
    expect(upstream.requests).toHaveLength(2);
  });

  it("a streamed body is not sent again", async () => {
    await ask();
    upstream.play((_request, response) => response.socket?.destroy());
    expect((await ask("x", { "content-type": "text/plain" })).status).toBe(502);
    expect(upstream.requests).toHaveLength(2);
  });

  it("29: against an upstream that closes idle sockets, requests around that moment are all served, none twice", async () => {
    const served: string[] = [];
    // Closes 40 ms after an answer, as an idle timeout does.
    const idleCloser = net.createServer((socket) => {
      socket.on("error", () => undefined);
      let timer: NodeJS.Timeout | undefined;
      socket.on("data", (bytes) => {
        clearTimeout(timer);
        const text = bytes.toString("latin1");
        served.push(text.slice(text.indexOf("{")));
        socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        timer = setTimeout(() => socket.destroy(), 40);
      });
    });
    const port = await listenOnLoopback(idleCloser);
    const other = await startTestGateway({ upstreamOrigin: `http://127.0.0.1:${port}` });
    for (let i = 0; i < 40; i += 1) {
      const answer = await fetchRaw(other.origin + CHAT, { body: `{"i":${i}}` });
      expect(answer.status).toBe(200);
      await pause(36 + (i % 7));
    }
    expect(served).toEqual(Array.from({ length: 40 }, (_, i) => `{"i":${i}}`));
    await other.gateway.close(0);
    idleCloser.close();
  });

  it("reuses the connection given back last, and forgets one that the upstream closed", async () => {
    await ask();
    await ask();
    expect(upstream.connectionCount).toBe(1);
    upstream.play((_request, response) => {
      const { socket } = response;
      response.end("x");
      setTimeout(() => socket?.destroy(), 5);
    });
    await ask();
    await pause(50);
    await ask();
    expect(upstream.connectionCount).toBe(2);
  });

  it("survives an upstream that announces a close and resets while the client is stalled", async () => {
    let fatal: unknown;
    const onFatal = (error: unknown): void => {
      fatal = error;
    };
    process.on("uncaughtException", onFatal);
    upstream.play((_request, response) => {
      response.writeHead(200, { connection: "close", "content-type": "text/event-stream" });
      const block = Buffer.alloc(256 * 1024, "x");
      for (let i = 0; i < 64; i += 1) response.write(block);
    });
    const socket = net.connect(gateway.port, "127.0.0.1");
    socket.on("error", () => undefined);
    socket.pause();
    socket.write(`GET /v1/x HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    await until(() => upstream.requests.length === 1);
    await pause(150);
    await upstream.close();
    await pause(50);
    socket.resume();
    await until(() => gateway.gateway.openRequests === 0);
    process.off("uncaughtException", onFatal);
    expect(fatal).toBeUndefined();
  });
});

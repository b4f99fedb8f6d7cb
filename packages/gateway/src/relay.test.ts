import { createHash, randomBytes } from "node:crypto";
import http from "node:http";
import net from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startFaultUpstream, type FaultUpstream } from "./testing/fault-upstream.testing.ts";
import { exchangeBytes, fetchRaw, listenOnLoopback, pause, until } from "./testing/raw-client.testing.ts";
import { startTestGateway, type TestGateway } from "./testing/test-gateway.testing.ts";

let upstream: FaultUpstream;
let gateway: TestGateway;

beforeEach(async () => {
  upstream = await startFaultUpstream();
  gateway = await startTestGateway({ upstreamOrigin: upstream.origin });
});

afterEach(async () => {
  await gateway.gateway.close(0);
  await upstream.close();
});

function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

const CHAT = "/v1/chat/completions";

describe("request", () => {
  it("1: the body reaches the upstream byte for byte: odd spaces, key order, escapes, unknown fields", async () => {
    const body = '{ "z" : 1,"model":"\\u0067pt",\n\t"x_unknown":[ 1e2 , null ],"stream":false }\n';
    await fetchRaw(gateway.origin + CHAT, { body });
    expect(upstream.requests[0]?.body.toString()).toBe(body);
    expect(upstream.requests[0]?.headers["content-length"]).toBe(String(Buffer.byteLength(body)));
  });

  it("replaces the prefix by the base URL and copies the rest, escapes and query included", async () => {
    await fetchRaw(`${gateway.origin}/v1/files/a%2Fb%20c?x=%41&y=a+b&key=1`);
    expect(upstream.requests[0]?.url).toBe("/base/v1/files/a%2Fb%20c?x=%41&y=a+b&key=1");
    await fetchRaw(`${gateway.origin}/v1?z`);
    expect(upstream.requests[1]?.url).toBe("/base/v1?z");
  });

  it("24: the client's headers pass in order and case, and nothing is added but host and framing", async () => {
    const headers = ["Authorization", "Bearer sk", "X-Twice", "1", "user-agent", "OpenAI/JS", "x-twice", "2"];
    const bytes = `POST ${CHAT} HTTP/1.1\r\nHost: 127.0.0.1\r\n${pairs(headers)}Content-Length: 2\r\nConnection: close\r\n\r\n{}`;
    await exchangeBytes(gateway.port, bytes);
    const framing = ["host", `127.0.0.1:${upstream.port}`, "connection", "keep-alive"];
    expect(upstream.requests[0]?.rawHeaders).toEqual([...framing, ...headers, "content-length", "2"]);
  });

  it("23: headers of one hop and those that Connection names go no further; Expect is answered here", async () => {
    const bytes = [
      `POST ${CHAT} HTTP/1.1`,
      "Host: localhost",
      "Connection: close, X-Hop",
      "X-Hop: secret",
      "TE: trailers",
      "Proxy-Authorization: p",
      "Expect: 100-continue",
      "Content-Length: 2",
      "",
      "{}",
    ].join("\r\n");
    const { text } = await exchangeBytes(gateway.port, bytes);
    expect(text.startsWith("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK")).toBe(true);
    const names = (upstream.requests[0]?.rawHeaders ?? [])
      .filter((_, i) => i % 2 === 0)
      .map((name) => name.toLowerCase());
    expect(names).toEqual(["host", "connection", "content-length"]);
  });

  it("26: a 20 MB upload of another type streams through unchanged, chunked or with its length", async () => {
    const body = randomBytes(20 * 1024 * 1024);
    const type = { "content-type": "multipart/form-data; boundary=x" };
    await fetchRaw(`${gateway.origin}/v1/files`, { headers: { ...type, "content-length": body.length }, body });
    await fetchRaw(`${gateway.origin}/v1/files`, { headers: { ...type, "transfer-encoding": "chunked" }, body });
    expect(upstream.requests.map((request) => sha256(request.body))).toEqual([sha256(body), sha256(body)]);
    expect(upstream.requests[0]?.headers["content-length"]).toBe(String(body.length));
    expect(upstream.requests[1]?.headers["transfer-encoding"]).toBe("chunked");
  });

  it("26: a JSON body above the buffer limit streams through, also when its length is not known in advance", async () => {
    const body = Buffer.from(JSON.stringify({ model: "m", image: "A".repeat(9 * 1024 * 1024) }));
    await fetchRaw(gateway.origin + CHAT, { body });
    await fetchRaw(gateway.origin + CHAT, { headers: { "transfer-encoding": "chunked" }, body });
    expect(upstream.requests.map((request) => sha256(request.body))).toEqual([sha256(body), sha256(body)]);
  });

  it("an upload whose answer comes early keeps its connection usable", async () => {
    const early = net.createServer((socket) => {
      socket.on("error", () => undefined);
      socket.once("data", () =>
        socket.end("HTTP/1.1 413 Payload Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig"),
      );
    });
    const port = await listenOnLoopback(early);
    const other = await startTestGateway({ upstreamOrigin: `http://127.0.0.1:${port}` });
    const answer = await fetchRaw(`${other.origin}/v1/files`, {
      headers: { "content-type": "application/octet-stream" },
      body: randomBytes(4 * 1024 * 1024),
    });
    expect([answer.status, answer.body.toString()]).toEqual([413, "big"]);
    await other.gateway.close(0);
    early.close();
  });
});

describe("response", () => {
  it("4: the head is relayed before the first chunk", async () => {
    upstream.play((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.flushHeaders();
      setTimeout(() => response.end("data: late\n\n"), 300);
    });
    const answer = await fetchRaw(gateway.origin + CHAT, { body: "{}" });
    expect(answer.headAfterMs).toBeLessThan(200);
    expect(answer.readsAtMs[0]).toBeGreaterThan(250);
  });

  it("3: chunks are passed as they come, not held", async () => {
    upstream.play((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      let sent = 0;
      const timer = setInterval(() => {
        response.write(`data: ${sent}\n\n`);
        sent += 1;
        if (sent < 10) return;
        clearInterval(timer);
        response.end();
      }, 15);
    });
    const answer = await fetchRaw(gateway.origin + CHAT, { body: "{}" });
    expect(answer.readsAtMs).toHaveLength(10);
  });

  it("25: status, reason, raw headers with duplicates and body pass as they are; hop-by-hop ones do not", async () => {
    const passed = [
      "X-First: 1",
      "Set-Cookie: a=1",
      "set-cookie: b=2",
      "Content-Type: text/plain",
      "Content-Length: 4",
    ];
    upstream.play((_request, response) => {
      response.sendDate = false;
      response.writeHead(207, "Quite So", raw("Connection: x-hop, keep-alive", "X-Hop: 1", ...passed));
      response.end("body");
    });
    const answer = await fetchRaw(`${gateway.origin}/v1/models`);
    expect([answer.status, answer.statusMessage, answer.body.toString()]).toEqual([207, "Quite So", "body"]);
    expect(answer.rawHeaders).toEqual(raw(...passed, "Connection: close"));
  });

  it("17, 18: errors pass untouched, with one upstream request each", async () => {
    for (const status of [400, 401, 404, 422, 429, 500, 503, 529]) {
      upstream.requests.length = 0;
      const headers = {
        "content-type": "application/json",
        "retry-after-ms": "7",
        "x-request-id": "r1",
        "x-ratelimit-reset": "1s",
      };
      upstream.play((_request, response) => {
        response.writeHead(status, headers);
        response.end('{"error":{"message":"no"}}');
      });
      const answer = await fetchRaw(gateway.origin + CHAT, { body: '{"model":"m","stream":true}' });
      expect(answer.status).toBe(status);
      expect(answer.headers).toMatchObject(headers);
      expect(answer.headers["x-gateway-error"]).toBeUndefined();
      expect(answer.body.toString()).toBe('{"error":{"message":"no"}}');
      expect(upstream.requests).toHaveLength(1);
    }
  });

  it("G2: a redirect is passed on and never followed", async () => {
    const second = await startFaultUpstream();
    upstream.play((_request, response) => {
      response.writeHead(307, { location: `${second.origin}/x` });
      response.end();
    });
    const answer = await fetchRaw(gateway.origin + CHAT, { body: "{}" });
    expect([answer.status, answer.headers["location"]]).toEqual([307, `${second.origin}/x`]);
    expect(second.requests).toHaveLength(0);
    await second.close();
  });

  it("passes HEAD, 204 and 304 answers without a body", async () => {
    upstream.play((request, response) => {
      response.writeHead(request.method === "HEAD" ? 200 : Number(request.url.slice(-3)), {
        "x-a": "1",
        ...(request.method === "HEAD" && { "content-length": "10" }),
      });
      response.end();
    });
    const head = await fetchRaw(`${gateway.origin}/v1/models`, { method: "HEAD" });
    expect([head.status, head.headers["content-length"], head.body.length]).toEqual([200, "10", 0]);
    for (const status of [204, 304]) {
      const answer = await fetchRaw(`${gateway.origin}/v1/s/${status}`);
      expect([answer.status, answer.complete, answer.headers["x-a"]]).toEqual([status, true, "1"]);
    }
  });

  it("12: a stalled client holds the upstream back, and then gets every byte of 64 MB", async () => {
    const total = 64 * 1024 * 1024;
    const block = Buffer.alloc(64 * 1024, "x");
    let written = 0;
    upstream.play((_request, response) => {
      response.writeHead(200, { "content-type": "application/octet-stream" });
      const more = (): void => {
        while (written < total) {
          written += block.length;
          if (!response.write(block)) {
            response.once("drain", more);
            return;
          }
        }
        response.end();
      };
      more();
    });
    const received = await new Promise<number>((resolve, reject) => {
      http.get(`${gateway.origin}/v1/files/1/content`, (response) => {
        response.pause();
        let size = 0;
        // Reading nothing until the flow has come to rest.
        void restOf(() => written).then((held) => {
          if (held > total / 2)
            reject(new Error(`the upstream wrote ${held} bytes against a client that reads nothing`));
          response.on("data", (chunk: Buffer) => {
            size += chunk.length;
          });
          response.on("end", () => resolve(size));
          response.resume();
        });
      });
    });
    expect(received).toBe(total);
  });

  it("13: a slow client that dies while blocked cancels the upstream", async () => {
    const block = Buffer.alloc(64 * 1024, "x");
    upstream.play((_request, response) => {
      response.writeHead(200);
      const more = (): void => {
        while (response.write(block));
        response.once("drain", more);
      };
      more();
    });
    const request = http.get(`${gateway.origin}/v1/files/1/content`, (response) => response.pause());
    request.on("error", () => undefined);
    await until(() => upstream.requests.length === 1);
    await pause(150);
    const leftAtMs = performance.now();
    request.destroy();
    await until(() => upstream.requests[0]?.lostAtMs() !== undefined);
    expect((upstream.requests[0]?.lostAtMs() ?? 0) - leftAtMs).toBeLessThan(100);
    expect(gateway.gateway.openRequests).toBe(0);
  });
});

describe("endings", () => {
  function neverAnswers(): void {
    upstream.play(() => undefined);
  }

  async function leaveAfter(ms: number, body: string): Promise<number> {
    const request = http.request(gateway.origin + CHAT, {
      method: "POST",
      headers: { "content-type": "application/json" },
    });
    request.on("error", () => undefined);
    request.on("response", (response) => response.resume().on("error", () => undefined));
    request.end(body);
    await until(() => upstream.requests.length === 1);
    await pause(ms);
    const leftAtMs = performance.now();
    request.destroy();
    await until(() => upstream.requests[0]?.lostAtMs() !== undefined);
    return (upstream.requests[0]?.lostAtMs() ?? 0) - leftAtMs;
  }

  it("9: a client that leaves in mid-stream cancels the upstream within 100 ms", async () => {
    upstream.play((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      const timer = setInterval(() => response.write("data: x\n\n"), 5);
      response.on("close", () => clearInterval(timer));
    });
    expect(await leaveAfter(50, '{"stream":true}')).toBeLessThan(100);
  });

  it("10: also before the first byte", async () => {
    neverAnswers();
    expect(await leaveAfter(50, '{"stream":true}')).toBeLessThan(100);
  });

  it("11: also for a request that does not stream", async () => {
    neverAnswers();
    expect(await leaveAfter(0, '{"stream":false}')).toBeLessThan(100);
  });

  it("14: an upstream reset is an error at the client, and earlier bytes are kept", async () => {
    upstream.play((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write("data: one\n\n");
      setTimeout(() => response.socket?.resetAndDestroy(), 20);
    });
    const answer = await fetchRaw(gateway.origin + CHAT, { body: '{"stream":true}' });
    expect([answer.complete, answer.body.toString()]).toEqual([false, "data: one\n\n"]);
  });

  it("14: bytes that come together with the reset are kept too", async () => {
    upstream.play((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write("data: one\n\n");
      response.socket?.destroySoon();
    });
    const answer = await fetchRaw(gateway.origin + CHAT, { body: '{"stream":true}' });
    expect([answer.complete, answer.body.toString()]).toEqual([false, "data: one\n\n"]);
  });

  it("15: an upstream that ends without its last chunk is an error at the client; nothing is invented", async () => {
    upstream.play((_request, response) => {
      response.socket?.end(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\nb\r\ndata: one\n\n\r\n",
      );
    });
    const answer = await fetchRaw(gateway.origin + CHAT, { body: '{"stream":true}' });
    expect([answer.complete, answer.body.toString()]).toEqual([false, "data: one\n\n"]);
  });

  it("15: an HTTP/1.0 client sees a reset, because a close would be a clean end", async () => {
    upstream.play((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write("data: one\n\n");
      setTimeout(() => response.socket?.destroy(), 20);
    });
    const cut = await exchangeBytes(gateway.port, `POST ${CHAT} HTTP/1.0\r\nContent-Length: 0\r\n\r\n`);
    expect(cut.reset).toBe(true);
    expect(cut.text).toContain("data: one");
    upstream.play((_request, response) => response.end("whole"));
    const whole = await exchangeBytes(gateway.port, `POST ${CHAT} HTTP/1.0\r\nContent-Length: 0\r\n\r\n`);
    expect([whole.reset, whole.text.endsWith("whole")]).toEqual([false, true]);
  });

  it("20: an upstream that cannot be reached, or closes before the head, gives 502 in the format's shape", async () => {
    upstream.play((_request, response) => response.socket?.destroy());
    const answer = await fetchRaw(gateway.origin + CHAT, { body: "{}" });
    expect([answer.status, answer.headers["x-gateway-error"]]).toEqual([502, "UPSTREAM_UNREACHABLE"]);
    expect(JSON.parse(answer.body.toString())).toMatchObject({
      error: { type: "gateway_error", param: null, code: "gateway_upstream_unreachable" },
    });
    const anthropic = await fetchRaw(`${gateway.origin}/v1/messages`, { body: "{}" });
    expect(JSON.parse(anthropic.body.toString())).toMatchObject({ type: "error", error: { type: "api_error" } });
    expect(upstream.requests).toHaveLength(2);
    await upstream.close();
    const gone = await fetchRaw(gateway.origin + CHAT, { body: "{}" });
    expect(gone.status).toBe(502);
    expect(gone.body.toString()).not.toContain(String(upstream.port));
  });

  it("a header that Node refuses to send becomes a 502", async () => {
    upstream.play((_request, response) => {
      response.socket?.end("HTTP/1.1 200 O\u0001K\r\nX-A: 1\r\nContent-Length: 0\r\n\r\n", "latin1");
    });
    const answer = await fetchRaw(gateway.origin + CHAT, { body: "{}" });
    expect(answer.status).toBe(502);
  });
});

describe("soak", () => {
  it("32: after 400 streams, 60 % of them aborted, nothing is left open on either side", async () => {
    let active = 0;
    upstream.play((_request, response) => {
      active += 1;
      response.writeHead(200, { "content-type": "text/event-stream" });
      let sent = 0;
      const timer = setInterval(() => {
        response.write(`data: ${sent}\n\n`);
        sent += 1;
        if (sent === 4) response.end();
      }, 2);
      response.on("close", () => {
        clearInterval(timer);
        active -= 1;
      });
    });
    let whole = 0;
    const client = async (number: number): Promise<void> => {
      for (let i = 0; i < 20; i += 1) if (await streamOnce((number * 20 + i) % 5 < 3 ? 1 : Infinity)) whole += 1;
    };
    await Promise.all(Array.from({ length: 20 }, (_, number) => client(number)));
    await until(() => active === 0 && gateway.gateway.openRequests === 0);
    expect(whole).toBe(160);
    expect(upstream.requests).toHaveLength(400);
  });
});

/** Reads a stream and leaves after `reads` body reads; true when it came whole. */
function streamOnce(reads: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const request = http.request(gateway.origin + CHAT, {
      method: "POST",
      agent: false,
      headers: { "content-type": "application/json" },
    });
    let seen = 0;
    request.on("error", reject);
    request.on("response", (response) => {
      let text = "";
      response.on("error", () => undefined);
      response.on("data", (chunk: Buffer) => {
        text += chunk.toString();
        seen += 1;
        if (seen >= reads) response.destroy();
      });
      response.on("close", () => resolve(response.complete && text.endsWith("data: 3\n\n")));
    });
    request.end('{"stream":true}');
  });
}

function pairs(flat: readonly string[]): string {
  let text = "";
  for (let i = 0; i < flat.length; i += 2) text += `${flat[i]}: ${flat[i + 1]}\r\n`;
  return text;
}

function raw(...lines: readonly string[]): string[] {
  return lines.flatMap((line) => line.split(": "));
}

/** The value once it has not changed for 200 ms. */
async function restOf(value: () => number): Promise<number> {
  for (let last = -1; ;) {
    if (value() === last) return last;
    last = value();
    await pause(200);
  }
}

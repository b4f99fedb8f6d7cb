import { gzipSync } from "node:zlib";
import { fromBinary } from "@bufbuild/protobuf";
import { MonitorError } from "@nexent/monitor-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { otlpMessage } from "../codecs/otlp-registry.ts";
import { answeringStore } from "../testing/fake-store.ts";
import { encodeJson, encodeProtobuf } from "../testing/otlp-encode.ts";
import { rawHttp, rawRequest } from "../testing/raw-http.ts";
import { startTestReceiver, type TestReceiver } from "../testing/receiver.ts";
import { idsOf, telemetryBatch, telemetrySpan } from "../testing/spans.ts";

const MIB = 1024 * 1024;
const PROTOBUF = "application/x-protobuf";
const JSON_TYPE = "application/json";

let receiver: TestReceiver;
let next = 1_000;
beforeAll(async () => {
  receiver = await startTestReceiver();
});
afterAll(() => receiver.stop());

function post(
  body: string | Uint8Array,
  headers: Readonly<Record<string, string>>,
  path = "/v1/traces",
): Promise<Response> {
  return fetch(receiver.url + path, {
    method: "POST",
    headers,
    body: typeof body === "string" ? body : new Uint8Array(body),
  });
}

function freshBatch() {
  return telemetryBatch([telemetrySpan(idsOf(next++))]);
}

/** The next good request is stored: nothing before it harmed the receiver. */
async function stillStores(): Promise<void> {
  const before = (await receiver.store.stats()).spans;
  const answer = await post(encodeJson(freshBatch()), { "content-type": JSON_TYPE });
  expect([answer.status, await answer.text()]).toEqual([200, "{}"]);
  expect((await receiver.store.stats()).spans).toBe(before + 1);
}

function decoded(name: "ExportServiceResponse" | "RpcStatus", bytes: ArrayBuffer): Record<string, unknown> {
  return { ...fromBinary(otlpMessage(name), new Uint8Array(bytes)) };
}

describe("OTLP over HTTP", () => {
  it("stores a request in protobuf, plain and gzip, and answers in protobuf", async () => {
    for (const gzip of [false, true]) {
      const body = encodeProtobuf(freshBatch());
      const answer = await post(gzip ? gzipSync(body) : body, {
        "content-type": `${PROTOBUF}; charset=x`,
        ...(gzip ? { "content-encoding": "gzip" } : {}),
      });
      expect([answer.status, answer.headers.get("content-type")]).toEqual([200, PROTOBUF]);
      expect((await answer.arrayBuffer()).byteLength).toBe(0);
    }
    await stillStores();
  });

  it("answers an empty request with success", async () => {
    expect((await post(new Uint8Array(), { "content-type": PROTOBUF })).status).toBe(200);
    expect((await post("{}", { "content-type": JSON_TYPE })).status).toBe(200);
  });

  it("I6: answers rejected spans as partial success in both encodings", async () => {
    const batch = telemetryBatch([telemetrySpan(idsOf(next++)), telemetrySpan({ traceId: "00" })]);
    const inJson = await post(encodeJson(batch), { "content-type": JSON_TYPE });
    expect([inJson.status, await inJson.json()]).toEqual([
      200,
      { partialSuccess: { rejectedSpans: "1", errorMessage: "spans rejected: 1 x trace id is not 16 bytes, or zero" } },
    ]);
    const inProtobuf = await post(encodeProtobuf(batch), { "content-type": PROTOBUF });
    const { partialSuccess } = decoded("ExportServiceResponse", await inProtobuf.arrayBuffer());
    expect(partialSuccess).toMatchObject({ rejected: 1n });
  });

  it("accepts metrics and logs, and says that it does not keep them", async () => {
    const metrics = '{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"sum":{"dataPoints":[{},{}]}}]}]}]}';
    const answer = await post(metrics, { "content-type": JSON_TYPE }, "/v1/metrics");
    expect([answer.status, await answer.json()]).toEqual([
      200,
      {
        partialSuccess: {
          rejectedDataPoints: "2",
          errorMessage: "no metric samples are stored here; data points are not kept",
        },
      },
    ]);
    const logs = '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{}]}]}]}';
    const logAnswer = await post(logs, { "content-type": JSON_TYPE }, "/v1/logs");
    expect(await logAnswer.json()).toMatchObject({ partialSuccess: { rejectedLogRecords: "1" } });
    const none = await post("{}", { "content-type": JSON_TYPE }, "/v1/logs");
    expect(await none.text()).toBe("{}");
  });

  it("answers OPTIONS, health and readiness, and allows nobody by CORS", async () => {
    const options = await fetch(`${receiver.url}/v1/traces`, { method: "OPTIONS" });
    expect([options.status, options.headers.get("allow")]).toEqual([204, "POST, OPTIONS"]);
    expect(options.headers.get("access-control-allow-origin")).toBeNull();
    expect(await (await fetch(`${receiver.url}/health`)).text()).toBe("ok");
    expect(await (await fetch(`${receiver.url}/ready`)).text()).toBe("ready");
  });
});

describe("I7 to I10: bad bodies", () => {
  const nested = (depth: number): string =>
    `{"resourceSpans":[{"scopeSpans":[{"spans":[{"attributes":[{"key":"k","value":${'{"arrayValue":{"values":['.repeat(depth)}${"]}}".repeat(depth)}}]}]}]}]}`;

  it.each<[string, () => string | Uint8Array, Record<string, string>, number, RegExp]>([
    [
      "truncated protobuf",
      () => encodeProtobuf(freshBatch()).slice(0, -3),
      { "content-type": PROTOBUF },
      400,
      /too early|wrong form/,
    ],
    ["wrong JSON types", () => '{"resourceSpans":{"a":1}}', { "content-type": JSON_TYPE }, 400, /must be an array/],
    ["JSON that is none", () => '{"resourceSpans":[', { "content-type": JSON_TYPE }, 400, /not JSON/],
    ["nesting of 100 levels", () => nested(100), { "content-type": JSON_TYPE }, 400, /nests/],
    ["nesting of 100,000 levels", () => nested(100_000), { "content-type": JSON_TYPE }, 400, /nests/],
    ["21 MiB on the wire", () => new Uint8Array(21 * MIB), { "content-type": PROTOBUF }, 413, /20 MiB/],
    ["an unknown content type", () => "hello", { "content-type": "text/plain" }, 415, /x-protobuf/],
    ["a form", () => "a=1", { "content-type": "application/x-www-form-urlencoded" }, 415, /x-protobuf/],
    [
      "two encodings",
      () => gzipSync(gzipSync("{}")),
      { "content-type": JSON_TYPE, "content-encoding": "gzip, gzip" },
      415,
      /gzip once/,
    ],
    ["another encoding", () => "{}", { "content-type": JSON_TYPE, "content-encoding": "br" }, 415, /gzip once/],
    ["gzip that is none", () => "{}", { "content-type": JSON_TYPE, "content-encoding": "gzip" }, 400, /gzip/],
    [
      "a cut gzip",
      () => gzipSync(encodeJson(freshBatch())).subarray(0, -9),
      { "content-type": JSON_TYPE, "content-encoding": "gzip" },
      400,
      /damaged|MiB/,
    ],
    [
      "gzip inside gzip",
      () => gzipSync(gzipSync("{}")),
      { "content-type": JSON_TYPE, "content-encoding": "gzip" },
      400,
      /not JSON/,
    ],
    [
      "JSON of 21 MiB in gzip",
      () => gzipSync(" ".repeat(21 * MIB)),
      { "content-type": JSON_TYPE, "content-encoding": "gzip" },
      413,
      /20 MiB/,
    ],
  ])("answers %s with a clear error and goes on", async (_, body, headers, status, message) => {
    const answer = await post(body(), headers);
    const bytes = await answer.arrayBuffer();
    expect(answer.status).toBe(status);
    const isProtobuf = headers["content-type"] === PROTOBUF;
    expect(answer.headers.get("content-type")).toBe(isProtobuf ? PROTOBUF : JSON_TYPE);
    const error: unknown = isProtobuf ? decoded("RpcStatus", bytes) : JSON.parse(Buffer.from(bytes).toString());
    expect(error).toMatchObject({ message: expect.stringMatching(message) });
    await stillStores();
  });

  it("I9: refuses a gzip bomb by its own size, and a lying one at the size it claims", async () => {
    const bomb = gzipSync(Buffer.alloc(256 * MIB));
    const headers = { "content-type": PROTOBUF, "content-encoding": "gzip" };
    expect((await post(bomb, headers)).status).toBe(413);
    const liar = new Uint8Array(bomb);
    new DataView(liar.buffer).setUint32(liar.byteLength - 4, 1_000, true);
    expect((await post(liar, headers)).status).toBe(400);
    await stillStores();
  });

  it("I8: counts bytes while they come, whatever the header says", async () => {
    const chunk = Buffer.alloc(MIB);
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(chunk);
      },
    });
    const init = { method: "POST", headers: { "content-type": PROTOBUF }, body, duplex: "half" };
    const endless = await fetch(`${receiver.url}/v1/traces`, init).then(
      (answer) => answer.status,
      () => "cut",
    );
    expect([413, "cut"]).toContain(endless);
    await stillStores();
  });

  it("takes a body exactly at the wire limit", async () => {
    const batch = encodeProtobuf(freshBatch());
    // Unknown field 200 of the request pads the message to the limit.
    const padding = 20 * MIB - batch.byteLength - 6;
    const pad = new Uint8Array(6 + padding);
    pad.set([0xc2, 0x0c, ...lengthOf(padding)]);
    const body = Buffer.concat([batch, pad]);
    expect(body.byteLength).toBe(20 * MIB);
    expect((await post(body, { "content-type": PROTOBUF })).status).toBe(200);
    expect((await post(Buffer.concat([body, Buffer.alloc(1)]), { "content-type": PROTOBUF })).status).toBe(413);
    await stillStores();
  });
});

/** A length as a varint of exactly four bytes. */
function lengthOf(value: number): number[] {
  return [(value & 127) | 128, ((value >> 7) & 127) | 128, ((value >> 14) & 127) | 128, (value >> 21) & 127];
}

describe("I17, I18: hostile framing", () => {
  it.each([
    ["GET //", /^HTTP\/1\.1 400/],
    ["GET http://", /^HTTP\/1\.1 400/],
    ["GET http://evil.test/v1/traces", /^HTTP\/1\.1 400/],
    ["OPTIONS *", /^HTTP\/1\.1 400/],
    ["GET /%E0%A4%A", /^HTTP\/1\.1 404/],
    ["GET /v1/traces/../../etc/passwd", /^HTTP\/1\.1 404/],
    ["GET /v1/traces", /^HTTP\/1\.1 405[^]*\r\nallow: POST, OPTIONS\r\n/],
    ["NONSENSE", /^HTTP\/1\.1 400/],
  ])("answers the line %s and goes on", async (line, expected) => {
    expect(await rawRequest(receiver.port, line === "NONSENSE" ? line : `${line} HTTP/1.1`)).toMatch(expected);
    await stillStores();
  });

  it("answers a path of 16 KB with 431 and goes on", async () => {
    expect(await rawRequest(receiver.port, `GET /${"a".repeat(16 * 1024)} HTTP/1.1`)).toMatch(/^HTTP\/1\.1 431/);
    await stillStores();
  });

  it.each([
    ["a second Host", ["Host: 127.0.0.1:PORT", "Host: evil.test"], 400],
    ["a second Authorization", ["Host: 127.0.0.1:PORT", "Authorization: a", "Authorization: b"], 400],
    ["two Content-Lengths", ["Host: 127.0.0.1:PORT", "Content-Length: 0", "Content-Length: 0"], 400],
    ["Content-Length and chunked", ["Host: 127.0.0.1:PORT", "Content-Length: 5", "Transfer-Encoding: chunked"], 400],
    ["no Host", [], 400],
    ["a foreign Host", ["Host: evil.test:PORT"], 421],
    ["another port", ["Host: 127.0.0.1:1"], 421],
    ["a foreign page", ["Host: 127.0.0.1:PORT", "Origin: http://evil.test"], 403],
    ["a page without an origin", ["Host: 127.0.0.1:PORT", "Origin: null"], 403],
    ["localhost with a dot", ["Host: LOCALHOST.:PORT"], 404],
    ["IPv6 loopback", ["Host: [::1]:PORT"], 404],
  ])("judges %s", async (_, headers, status) => {
    const own = headers.map((header) => header.replace("PORT", String(receiver.port)));
    expect(await rawRequest(receiver.port, "GET /nothing HTTP/1.1", own)).toMatch(new RegExp(`^HTTP/1.1 ${status}`));
  });

  it("answers a broken request with 400 and closes", async () => {
    expect(await rawHttp(receiver.port, "\0\x01\x02 not http\r\n\r\n")).toMatch(/^HTTP\/1\.1 400/);
    await stillStores();
  });
});

describe("ingest token", () => {
  const token = "nxm_ing_0123456789abcdef0123456789abcdef";

  it("is needed for telemetry when set, as a bearer token or api key, and never in the address", async () => {
    const guarded = await startTestReceiver({ ingestToken: token });
    const send = async (headers: Record<string, string>, query = ""): Promise<number> => {
      const answer = await fetch(`${guarded.url}/v1/traces${query}`, {
        method: "POST",
        headers: { "content-type": JSON_TYPE, ...headers },
        body: "{}",
      });
      return answer.status;
    };
    expect(await send({ authorization: `Bearer ${token}` })).toBe(200);
    expect(await send({ "x-api-key": token })).toBe(200);
    expect(await send({})).toBe(401);
    expect(await send({ authorization: `Bearer ${token}x` })).toBe(401);
    expect(await send({}, `?token=${token}`)).toBe(401);
    expect(guarded.counters.snapshot().refusedByReason.get("token")).toBe(3);
    await guarded.stop();
  });
});

describe("a store that cannot take more", () => {
  it("answers 429 and 503 with Retry-After and keeps nothing", async () => {
    const full = new MonitorError("STORE_FULL", "the disk is nearly full");
    const cases = [
      [answeringStore({ status: "overloaded", retryAfterMs: 2_500 }), 429, "3"],
      [answeringStore({ status: "rejected", error: full }), 503, "5"],
    ] as const;
    for (const [store, status, retryAfter] of cases) {
      const busy = await startTestReceiver({ store });
      const answer = await fetch(`${busy.url}/v1/traces`, {
        method: "POST",
        headers: { "content-type": JSON_TYPE },
        body: encodeJson(freshBatch()),
      });
      expect([answer.status, answer.headers.get("retry-after")]).toEqual([status, retryAfter]);
      expect(busy.counters.snapshot().spansAccepted).toBe(0);
      await busy.stop();
    }
  });

  it("answers a fault of its own with 503 and stays up", async () => {
    const broken = { write: () => Promise.reject(new Error("unexpected")) };
    const faulty = await startTestReceiver({ store: broken });
    const send = () =>
      fetch(`${faulty.url}/v1/traces`, {
        method: "POST",
        headers: { "content-type": JSON_TYPE },
        body: encodeJson(freshBatch()),
      });
    expect([(await send()).status, (await send()).status]).toEqual([503, 503]);
    await faulty.stop();
  });
});

import { once } from "node:events";
import { createServer, request as sendRequest, type IncomingMessage } from "node:http";
import { gunzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { configure, metricsHandler, metricsResponse, monitorLlmCall, shutdown, startMetricsServer } from "./index.ts";

beforeAll(() => {
  process.env["OTEL_TRACES_EXPORTER"] = "none";
});
afterAll(() => {
  delete process.env["OTEL_TRACES_EXPORTER"];
});
beforeEach(async () => {
  configure({ enabled: true, serviceName: "metrics-test" });
  await monitorLlmCall("scraped", "chat")(async () => 1)();
});
afterEach(() => shutdown());

const OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const TEXT = "text/plain; version=0.0.4; charset=utf-8";

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

/** Below `fetch`, which decodes and sets headers of its own. */
async function ask(url: string, headers: Record<string, string> = {}, method = "GET"): Promise<Answer> {
  const outgoing = sendRequest(url, { headers, method, agent: false });
  outgoing.end();
  const [incoming] = await once(outgoing, "response");
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  return { status: incoming.statusCode, headers: incoming.headers, body: Buffer.concat(chunks) };
}

async function collectWarnings(run: () => Promise<void>): Promise<string[]> {
  const seen: string[] = [];
  const note = (warning: Error): void => void seen.push(warning.message);
  process.on("warning", note);
  await run();
  await new Promise((resolve) => setImmediate(resolve));
  process.off("warning", note);
  return seen;
}

describe("startMetricsServer", () => {
  it("serves the metrics on loopback, negotiated and compressed, and nothing else", async () => {
    const server = (await startMetricsServer({ port: 0 })) ?? expect.fail("not started");
    expect(server).toMatchObject({ host: "127.0.0.1", url: `http://127.0.0.1:${server.port}/metrics` });
    const plain = await ask(server.url);
    expect([plain.status, plain.headers["content-type"], plain.headers.vary]).toEqual([
      200,
      TEXT,
      "Accept, Accept-Encoding",
    ]);
    expect(plain.body.toString()).toContain('llm_requests_total{model="scraped"');
    const packed = await ask(server.url, { accept: OPENMETRICS, "accept-encoding": "deflate, gzip;q=0.5" });
    expect([packed.headers["content-type"], packed.headers["content-encoding"]]).toEqual([OPENMETRICS, "gzip"]);
    expect(gunzipSync(packed.body).toString().endsWith("# EOF\n")).toBe(true);
    expect((await ask(server.url, { "accept-encoding": "gzip;q=0" })).headers["content-encoding"]).toBeUndefined();
    const head = await ask(`${server.url}?x=1`, {}, "HEAD");
    expect([head.status, head.body.length, Number(head.headers["content-length"]) > 0]).toEqual([200, 0, true]);
    const post = await ask(server.url, {}, "POST");
    expect([post.status, post.headers.allow]).toEqual([405, "GET, HEAD"]);
    expect((await ask(server.url.replace("/metrics", "/"))).status).toBe(404);
    expect((await ask(server.url, { host: "rebound.example" })).status).toBe(421);
    await server.close();
    await server.close();
    await expect(ask(server.url)).rejects.toThrow();
  });

  it("warns and gives undefined when the port is taken or cannot be one", async () => {
    const taken = createServer();
    taken.listen(0, "127.0.0.1");
    await once(taken, "listening");
    const address = taken.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const warnings = await collectWarnings(async () => {
      expect(await startMetricsServer({ port })).toBeUndefined();
      expect(await startMetricsServer({ port })).toBeUndefined();
      expect(await startMetricsServer({ port: 99_999 })).toBeUndefined();
    });
    expect(warnings).toEqual([
      `no metrics server on 127.0.0.1:${port}: the port is taken`,
      expect.stringContaining("no metrics server on 127.0.0.1:99999: "),
    ]);
    taken.close();
  });
});

describe("metricsHandler", () => {
  it("shows the state family only while monitoring is off", async () => {
    configure({ enabled: false });
    const server = createServer((request, response) => metricsHandler()(request, response));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const { status, body } = await ask(`http://127.0.0.1:${port}/`);
    expect([status, body.toString().match(/^# TYPE .*/gm)]).toEqual([200, ["# TYPE nexent_monitor_state gauge"]]);
    server.close();
  });
});

describe("metricsResponse", () => {
  const asked = (headers: Record<string, string> = {}, method = "GET"): Response =>
    metricsResponse(new Request("http://127.0.0.1/metrics", { headers, method }));

  it("negotiates like the handler", async () => {
    const plain = asked();
    expect([plain.status, plain.headers.get("content-type")]).toEqual([200, TEXT]);
    expect(await plain.text()).toContain('llm_requests_total{model="scraped"');
    expect(await asked({ accept: OPENMETRICS }).text()).toMatch(/# EOF\n$/);
  });

  it("compresses when that is accepted", async () => {
    const packed = asked({ "accept-encoding": "gzip, br" });
    expect([packed.headers.get("content-encoding"), packed.headers.get("vary")]).toEqual([
      "gzip",
      "Accept, Accept-Encoding",
    ]);
    expect(gunzipSync(Buffer.from(await packed.arrayBuffer())).toString()).toContain("llm_requests_total");
  });

  it("has no body for HEAD and refuses to be written to", async () => {
    const head = asked({}, "HEAD");
    expect([head.status, await head.text()]).toEqual([200, ""]);
    expect([asked({}, "POST").status, asked({}, "POST").headers.get("allow")]).toEqual([405, "GET, HEAD"]);
  });
});

/** One suite for every framework adapter: what a caller and an operator may expect, whatever the framework. */
import { once } from "node:events";
import { connect } from "node:net";
import { configure, getCurrentSpan, metricsText, monitorLlmCall, shutdown, traceHeaders } from "@nexent/monitor";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  attributesOf,
  startOtlpServer,
  type JsonSpan,
  type OtlpServer,
} from "../../packages/monitor/src/testing/otlp-server.testing.ts";

/** What the handlers of an application under test do; each framework wires them to its routes. */
export interface SuiteHandlers {
  /** `GET /users/:id` and `GET /teams/:team/members/:member` (the latter in a nested router, where there are such). */
  readonly show: (...ids: string[]) => Promise<object>;
  /** `POST /ask` with a JSON body, called after the body has been read. */
  readonly ask: (body: unknown) => Promise<object>;
  /** `GET /fails`. */
  readonly fails: () => never;
  /** `GET /refuses`: an error with status 418. */
  readonly refuses: () => never;
  /** `GET /stream`: pieces of an answer, the last one 120 ms after the first. */
  readonly stream: () => AsyncGenerator<string, void, unknown>;
  /** `GET /endless`: pieces without end; `left` is called when the consumer has gone. */
  readonly endless: () => AsyncGenerator<string, void, unknown>;
}

export interface SuiteOptions {
  readonly metricsPath?: string;
  readonly ignorePaths?: readonly string[];
}

/** A running server of an application. */
export interface SuiteServer {
  readonly port: number;
  close(): Promise<void>;
}

export interface AdapterUnderTest {
  readonly name: string;
  /** A server with all routes of {@link SuiteHandlers}, `GET /health`, and the adapter applied twice. */
  start(handlers: SuiteHandlers, options: SuiteOptions): Promise<SuiteServer>;
  /** Pattern of the member route as this framework gives it; default `/teams/:team/members/:member`. */
  readonly memberRoute?: string;
  /** False where no router knows that a path has no route; default true. */
  readonly knowsUnmatched?: boolean;
  /** False where nothing is known of errors but the status; default true. */
  readonly knowsErrors?: boolean;
  /** Status of a refused request; default 418. */
  readonly refusedStatus?: number;
}

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const CALLER = "b7ad6b7169203331";
const callModel = monitorLlmCall("suite-model", "chat", { provider: "openai" })(async (question: string) => {
  await new Promise((resolve) => setTimeout(resolve, 5));
  return { answer: question.toUpperCase() };
});

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

const HANDLERS: SuiteHandlers = {
  async show(...ids) {
    await pause(1);
    return { ids, ...(await callModel("show")), span: getCurrentSpan()?.spanId, headers: traceHeaders() };
  },
  async ask(body) {
    await pause(1);
    return { body, ...(await callModel("ask")) };
  },
  fails() {
    throw new RangeError("cannot reach sk-0123456789abcdef");
  },
  refuses() {
    throw Object.assign(new Error("refused"), { status: 418, statusCode: 418 });
  },
  async *stream() {
    for (const piece of ["a", "b", "c", "d"]) {
      yield piece;
      if (piece !== "d") await pause(40);
    }
  },
  async *endless() {
    for (;;) {
      yield "more ";
      await pause(10);
    }
  },
};

function named(spans: readonly JsonSpan[], name: string): JsonSpan {
  const found = spans.find((span) => span.name === name);
  return found ?? expect.fail(`no span ${name} among ${spans.map((span) => span.name).join()}`);
}

function durationMs(span: JsonSpan): number {
  return Number(BigInt(span.endTimeUnixNano) - BigInt(span.startTimeUnixNano)) / 1e6;
}

function countOf(labels: string): number | undefined {
  const head = `http_server_request_duration_seconds_count{${labels}} `;
  const line = metricsText()
    .split("\n")
    .find((one) => one.startsWith(head));
  return line === undefined ? undefined : Number(line.slice(head.length));
}

const labels = (method: string, route: string, status: number): string =>
  `http_request_method="${method}",http_route="${route}",http_response_status_code="${status}"`;

/** Waits for the spans of a request: its own comes last. */
async function spansOf(otlp: OtlpServer, count: number): Promise<readonly JsonSpan[]> {
  const spans = await otlp.waitForSpans(count);
  expect(spans.map(({ name }) => name)).toHaveLength(count);
  return spans;
}

/** Sends a request and leaves in the middle of the answer. */
async function leaveAfterFirstByte(port: number, path: string): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  socket.write(`GET ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n\r\n`);
  await once(socket, "data");
  await pause(50);
  socket.destroy();
}

/** Runs the suite against an adapter. */
export function describeAdapter(adapter: AdapterUnderTest): void {
  describe(adapter.name, () => {
    let otlp: OtlpServer;
    let server: SuiteServer;
    const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
      fetch(`http://127.0.0.1:${server.port}${path}`, { headers });

    beforeAll(async () => {
      process.env["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/json";
      process.env["OTEL_BSP_SCHEDULE_DELAY"] = "10";
      otlp = await startOtlpServer();
      server = await adapter.start(HANDLERS, { metricsPath: "/metrics", ignorePaths: ["/health", "/assets/*"] });
    });
    beforeEach(() => {
      otlp.received.length = 0;
      configure({ enabled: true, serviceName: "suite", endpoint: `${otlp.url}/v1/traces` });
    });
    afterEach(() => shutdown());
    afterAll(async () => {
      await server.close();
      await otlp.close();
    });

    it("names the span after method and route pattern, never after the URL, and measures the request", async () => {
      const response = await get("/users/4711?key=secret-in-query");
      expect(await response.json()).toMatchObject({ ids: ["4711"], answer: "SHOW" });
      const spans = await spansOf(otlp, 2);
      const span = named(spans, "GET /users/:id");
      expect([span.kind, span.status.code, span.parentSpanId ?? ""]).toEqual([2, 0, ""]);
      const { "sampling.reason": _, ...attributes } = attributesOf(span);
      expect(attributes).toEqual({
        "http.request.method": "GET",
        "http.route": "/users/:id",
        "http.response.status_code": 200,
        "url.path": "/users/4711",
        "url.scheme": "http",
        "network.protocol.version": "1.1",
        "server.address": "127.0.0.1",
        "server.port": server.port,
      });
      expect(countOf(labels("GET", "/users/:id", 200))).toBe(1);
      expect(metricsText()).not.toContain("4711");
    });

    it("keeps the pattern of a nested router too", async () => {
      const route = adapter.memberRoute ?? "/teams/:team/members/:member";
      await (await get("/teams/blue/members/ada%20l")).json();
      await (await get("/teams/red/members/red")).json();
      const spans = await spansOf(otlp, 4);
      expect(spans.filter(({ name }) => name === `GET ${route}`)).toHaveLength(2);
      expect(countOf(labels("GET", route, 200))).toBe(2);
    });

    it("continues the caller's trace and hands it on", async () => {
      const headers = { traceparent: `00-${TRACE}-${CALLER}-01`, tracestate: "vendor=1" };
      const answer: unknown = await (await get("/users/1", headers)).json();
      const spans = await spansOf(otlp, 2);
      const [span, call] = [named(spans, "GET /users/:id"), named(spans, "chat suite-model")];
      expect([span.traceId, span.parentSpanId, span.traceState]).toEqual([TRACE, CALLER, "vendor=1"]);
      expect([call.traceId, call.parentSpanId]).toEqual([TRACE, span.spanId]);
      expect(answer).toMatchObject({
        span: span.spanId,
        headers: { traceparent: `00-${TRACE}-${span.spanId}-01`, tracestate: "vendor=1" },
      });
    });

    it("starts a trace of its own when the caller's is none", async () => {
      await (await get("/users/1", { traceparent: "00-nonsense-01" })).json();
      const span = named(await spansOf(otlp, 2), "GET /users/:id");
      expect([span.traceId === TRACE, span.parentSpanId ?? ""]).toEqual([false, ""]);
    });

    it("makes calls of a model its children, also after a body has been read", async () => {
      const response = await fetch(`http://127.0.0.1:${server.port}/ask`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ question: "why", padding: "x".repeat(70_000) }),
      });
      expect(await response.json()).toMatchObject({ body: { question: "why" }, answer: "ASK" });
      const spans = await spansOf(otlp, 2);
      expect(named(spans, "chat suite-model").parentSpanId).toBe(named(spans, "POST /ask").spanId);
    });

    it("keeps concurrent requests apart", async () => {
      const answers = await Promise.all(
        ["1", "2", "3", "4"].map(async (id): Promise<unknown> => (await get(`/users/${id}`)).json()),
      );
      const spans = await spansOf(otlp, 8);
      const parents = spans.filter(({ name }) => name === "chat suite-model").map(({ parentSpanId }) => parentSpanId);
      const own = spans.filter(({ name }) => name === "GET /users/:id").map(({ spanId }) => spanId);
      expect(new Set(parents)).toEqual(new Set(own));
      expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(4);
    });

    it("measures a streamed answer to its last byte", async () => {
      const response = await get("/stream");
      expect(await response.text()).toBe("abcd");
      const span = named(await spansOf(otlp, 1), "GET /stream");
      expect(durationMs(span)).toBeGreaterThan(110);
      expect(attributesOf(span)["http.response.status_code"]).toBe(200);
    });

    it("measures an answer its client leaves until it left, and calls it no error", async () => {
      await leaveAfterFirstByte(server.port, "/endless");
      const span = named(await spansOf(otlp, 1), "GET /endless");
      expect(durationMs(span)).toBeGreaterThan(45);
      expect(durationMs(span)).toBeLessThan(2000);
      expect([span.status.code, attributesOf(span)["http.response.status_code"]]).toEqual([0, 200]);
    });

    it("marks what the handler threw, without secrets", async () => {
      const response = await get("/fails");
      expect(response.status).toBe(500);
      await response.text();
      const span = named(await spansOf(otlp, 1), "GET /fails");
      expect([span.status.code, attributesOf(span)["error.type"]]).toEqual([2, "server_error"]);
      expect(JSON.stringify(span)).not.toContain("0123456789abcdef");
      const events = span.events.map(({ name }) => name);
      expect(events).toEqual(adapter.knowsErrors === false ? [] : ["exception"]);
      expect(countOf(labels("GET", "/fails", 500))).toBe(1);
    });

    it("takes a refusal for an answer, not for a fault", async () => {
      const status = adapter.refusedStatus ?? 418;
      expect((await get("/refuses")).status).toBe(status);
      const span = named(await spansOf(otlp, 1), "GET /refuses");
      expect([span.status.code, span.events, attributesOf(span)["http.response.status_code"]]).toEqual([0, [], status]);
    });

    it("gives a path without a route no name of its own", async () => {
      const response = await get("/nothing/here/4711");
      expect(response.status).toBe(404);
      await response.text();
      const name = adapter.knowsUnmatched === false ? undefined : "GET";
      const [span] = await spansOf(otlp, 1);
      if (name !== undefined) expect(span?.name).toBe(name);
      expect(span?.name).not.toContain("4711");
      expect(span && attributesOf(span)).not.toHaveProperty("http.route");
      expect(countOf(labels("GET", "", 404))).toBe(1);
    });

    it("answers on the metrics path, and observes neither that nor ignored paths", async () => {
      await (await get("/users/1")).json();
      const scrape = await get("/metrics", { accept: "application/openmetrics-text; version=1.0.0" });
      expect(scrape.headers.get("content-type")).toContain("application/openmetrics-text");
      const text = await scrape.text();
      expect(text).toContain(`http_server_request_duration_seconds_count{${labels("GET", "/users/:id", 200)}} 1`);
      expect(text.endsWith("# EOF\n")).toBe(true);
      expect(await (await get("/health")).text()).toBe("ok");
      await (await get("/assets/app.js")).text();
      await (await get("/users/2")).json();
      await spansOf(otlp, 4);
      expect(metricsText().match(/http_server_request_duration_seconds_count/g)).toHaveLength(1);
    });

    it("is not there when monitoring is off, and comes back when it is on again", async () => {
      configure({ enabled: false });
      expect(await (await get("/users/1", { traceparent: `00-${TRACE}-${CALLER}-01` })).json()).toEqual({
        ids: ["1"],
        answer: "SHOW",
        headers: {},
      });
      expect((await get("/fails")).status).toBe(500);
      const off = await (await get("/metrics")).text();
      expect(off).toContain('nexent_monitor_state{state="disabled"} 1');
      expect(off).not.toContain("http_server");
      configure({ enabled: true });
      await (await get("/users/2")).json();
      const spans = await spansOf(otlp, 2);
      expect(named(spans, "GET /users/:id")).toBeDefined();
    });
  });
}

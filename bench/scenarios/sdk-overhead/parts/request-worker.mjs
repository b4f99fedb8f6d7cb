// A request that an adapter observes, beside the same span made by hand with the OpenTelemetry API on the same provider.
import { EventEmitter } from "node:events";
import { context, propagation, ROOT_CONTEXT, SpanKind, trace } from "@opentelemetry/api";
import { configure } from "@nexent/monitor";
import { setupNodeServer } from "@nexent/monitor/node";
import { answerParent } from "../../../lib/child.mjs";
import { alternate } from "../../../lib/statistics.mjs";

const REQUESTS = 5000;
const HEADERS = {
  host: "localhost:3000",
  traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
};

// Nothing listens there: what is measured is the request, not the sending of its span.
const { state } = configure({ enabled: true, endpoint: "http://127.0.0.1:9/v1/traces" });
if (state !== "active") throw new Error(`the monitor is ${state}`);
const tracer = trace.getTracer("by hand");

/** As a server shows it, without a socket. */
function exchange() {
  const head = { method: "POST", url: "/chat/42?debug=1", httpVersion: "1.1", headers: HEADERS, socket: {} };
  const request = Object.assign(new EventEmitter(), head);
  const response = Object.assign(new EventEmitter(), { statusCode: 200, headersSent: true, writeHead() {}, end() {} });
  return [request, response];
}

function serverOf(observe) {
  const server = Object.assign(new EventEmitter(), { listen() {}, address() {} });
  server.on("request", () => {});
  observe(server);
  return server;
}

/** What a careful programmer would write. */
function byHand(server) {
  const emit = server.emit;
  server.emit = function observed(event, request, response) {
    const parent = propagation.extract(ROOT_CONTEXT, request.headers);
    const attributes = {
      "http.request.method": request.method,
      "url.path": request.url.slice(0, request.url.indexOf("?")),
      "url.scheme": "http",
      "network.protocol.version": request.httpVersion,
      "server.address": "localhost",
      "server.port": 3000,
    };
    const span = tracer.startSpan(request.method, { kind: SpanKind.SERVER, attributes }, parent);
    response.once("close", () => {
      span.updateName("POST /chat/:id");
      span.setAttributes({ "http.route": "/chat/:id", "http.response.status_code": response.statusCode });
      span.end();
    });
    return context.with(trace.setSpan(context.active(), span), () => emit.call(this, event, request, response));
  };
}

/** CPU of the whole process per request, in microseconds. */
function serving(server) {
  const before = process.cpuUsage();
  for (let i = 0; i < REQUESTS; i += 1) {
    const [request, response] = exchange();
    server.emit("request", request, response);
    response.emit("close");
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / REQUESTS;
}

const servers = {
  none: serverOf(() => undefined),
  ours: serverOf((server) => setupNodeServer(server, { route: () => "/chat/:id" })),
  hand: serverOf(byHand),
};

answerParent(async ({ rounds }) => {
  const micros = await alternate(
    Object.fromEntries(Object.entries(servers).map(([name, server]) => [name, () => serving(server)])),
    rounds,
  );
  return { requestMicros: { ours: micros.ours - micros.none, hand: micros.hand - micros.none } };
});

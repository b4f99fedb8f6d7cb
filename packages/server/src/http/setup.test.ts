import { createServer, type RequestListener, type Server } from "node:http";
import { setupCheckSchema, setupTestSchema } from "@nexent/monitor-api";
import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../clock.ts";
import { createPipelineCounters } from "../self/pipeline-counters.ts";
import { createSetup, stepsOf } from "./setup.ts";

const OTLP = "http://127.0.0.1:4318";
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function gateway(handler: RequestListener): Promise<string> {
  const server = createServer(handler);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return `http://127.0.0.1:${address.port}`;
}

function setupWith(gatewayUrl: string) {
  const counters = createPipelineCounters(systemClock);
  const setup = createSetup({
    gatewayUrl,
    otlpUrl: () => OTLP,
    otlpGrpcUrl: () => "http://127.0.0.1:4317",
    jaegerThriftUrl: () => "http://127.0.0.1:14268/api/traces",
    dashboardUrl: () => "http://127.0.0.1:3005",
    isReceiverOpen: () => true,
    pipeline: () => counters.snapshot(),
  });
  return { setup, counters };
}

const never = new AbortController().signal;

describe("setup check", () => {
  it("walks from port to LLM attributes and names the first step that fails", () => {
    const counters = createPipelineCounters(systemClock);
    const states = () =>
      stepsOf(counters.snapshot(), true, OTLP).map(({ state, reason }) =>
        reason === undefined ? state : `${state} ${reason.id}`,
      );
    expect(states()).toEqual(["ok", "waiting no_bytes", "waiting", "waiting"]);
    counters.requestRefused("content_type", "text/plain");
    expect(states()).toEqual(["ok", "no refused", "waiting", "waiting"]);
    expect(stepsOf(counters.snapshot(), true, OTLP)[1]?.reason?.params).toEqual({
      count: 1,
      reason: "content_type",
      detail: "text/plain",
    });
    counters.bodyReceived(10);
    expect(states()).toEqual(["ok", "ok", "no refused", "waiting"]);
    counters.spansAccepted(1);
    expect(states()).toEqual(["ok", "ok", "ok", "no no_llm_attributes"]);
    counters.callsStored(1, "id");
    expect(states()).toEqual(["ok", "ok", "ok", "ok"]);
    expect(stepsOf(counters.snapshot(), false, OTLP).map(({ state }) => state)).toEqual([
      "no",
      "waiting",
      "waiting",
      "waiting",
    ]);
  });

  it("tells bodies without spans from spans that broke a rule", () => {
    const counters = createPipelineCounters(systemClock);
    counters.bodyReceived(10);
    expect(stepsOf(counters.snapshot(), true, OTLP)[2]?.reason?.id).toBe("no_span");
    counters.spansRejected("start_missing", 3);
    expect(stepsOf(counters.snapshot(), true, OTLP)[2]?.reason).toEqual({
      id: "spans_rejected",
      params: { count: 3, reason: "start_missing" },
    });
  });

  it("sees whether the gateway is open and has the built-in model", async () => {
    const url = await gateway((request, response) => {
      response.statusCode = request.url === "/health" ? 200 : 404;
      response.end();
    });
    const { setup, counters } = setupWith(url);
    counters.callsStored(1, "newest");
    const check = await setup.check(never);
    expect(setupCheckSchema.parse(check)).toEqual(check);
    expect(check.listening.map(({ open }) => open)).toEqual([true, true, true, true, true]);
    expect(check).not.toHaveProperty("exactBaseUrl");
    expect(check.newestRequestId).toBe("newest");
    const full = await setupWith(await gateway((_, response) => response.end())).setup.check(never);
    expect(full.exactBaseUrl).toMatch(/\/exact\/v1$/);
    const closed = await setupWith("http://127.0.0.1:1").setup.check(never);
    expect(closed.listening[0]?.open).toBe(false);
  });
});

describe("setup test", () => {
  it("sends one streamed request to the built-in model and reads it to its end", async () => {
    let body = "";
    let finished = false;
    const url = await gateway((request, response) => {
      request.on("data", (chunk: Buffer) => (body += chunk.toString()));
      request.on("end", () => {
        response.write("data: {}\n\n");
        response.end("data: [DONE]\n\n", () => (finished = true));
      });
    });
    const result = await setupWith(url).setup.test(never);
    expect(setupTestSchema.parse(result)).toEqual({ sent: true, status: 200 });
    expect(JSON.parse(body)).toMatchObject({ model: "exact", stream: true });
    expect(finished).toBe(true);
  });

  it("says why nothing was sent", async () => {
    const answering = async (status: number) => {
      const url = await gateway((_, response) => {
        response.statusCode = status;
        response.end();
      });
      return setupWith(url).setup.test(never);
    };
    expect(await answering(404)).toMatchObject({ sent: false, status: 404, reason: { id: "exact_model_missing" } });
    expect(await answering(502)).toMatchObject({
      sent: false,
      reason: { id: "gateway_answered", params: { status: 502 } },
    });
    expect(await setupWith("http://127.0.0.1:1").setup.test(never)).toMatchObject({
      sent: false,
      reason: { id: "gateway_closed" },
    });
  });
});

/** As kill-nine.test.ts, with OTLP over gRPC and Jaeger thrift: every way in acknowledges after the fsync. */
import { connect, type ClientHttp2Session } from "node:http2";
import { encodeJaegerBatch } from "@nexent/monitor-core";
import { requestListSchema } from "@nexent/monitor-api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { callGrpc, framed } from "../../packages/server/src/testing/grpc-client.ts";
import { encodeProtobuf } from "../../packages/server/src/testing/otlp-encode.ts";
import { telemetryBatch, telemetrySpan } from "../../packages/server/src/testing/spans.ts";
import { allTime, signIn } from "../harness/api-client.ts";
import { generatedSpan, type GeneratedSpan } from "../harness/otlp.ts";
import { freePort } from "../harness/ports.ts";
import { answers, startProgram, temporaryFolder, type Program } from "../harness/program.ts";

const CYCLES = 6;
const SPANS_PER_REQUEST = 25;
const SENDERS_PER_PROTOCOL = 3;
const TRACES = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

const folder = temporaryFolder();
let dashboardUrl = "";
let thriftUrl = "";
let grpcPort = 0;
let env: Record<string, string> = {};

beforeAll(async () => {
  const [dashboard, otlp, thrift] = [await freePort(), await freePort(), await freePort()];
  grpcPort = await freePort();
  dashboardUrl = `http://127.0.0.1:${dashboard}`;
  thriftUrl = `http://127.0.0.1:${thrift}`;
  env = {
    LLM_MONITOR_DASHBOARD_PORT: String(dashboard),
    LLM_MONITOR_OTLP_HTTP_PORT: String(otlp),
    LLM_MONITOR_OTLP_GRPC_PORT: String(grpcPort),
    LLM_MONITOR_JAEGER_THRIFT_PORT: String(thrift),
    LLM_MONITOR_DATA_DIR: folder.path,
  };
});
afterAll(() => folder.remove());

async function ready(): Promise<Program> {
  const server = startProgram("server", [], env);
  await answers(`${dashboardUrl}/ready`, server);
  return server;
}

function attributesOf({ outputTokens }: GeneratedSpan) {
  return {
    "gen_ai.operation.name": "chat",
    "gen_ai.request.model": "generated",
    "gen_ai.usage.output_tokens": outputTokens,
    "llm.outcome": "ok",
  };
}

/** Whether the spans were acknowledged; undefined when the server is gone. */
type Send = (spans: readonly GeneratedSpan[]) => Promise<boolean | undefined>;

const sendThrift: Send = async (spans) => {
  const seconds = Math.floor(Date.now() / 1000) - 5;
  const body = encodeJaegerBatch(
    { "service.name": "thrift" },
    spans.map((span) => ({
      name: "chat generated",
      kind: 2,
      spanContext: () => ({ traceId: span.traceId, spanId: span.spanId, traceFlags: 1 }),
      startTime: [seconds, 0],
      endTime: [seconds + 1, 0],
      status: { code: 0 },
      attributes: attributesOf(span),
      events: [],
      links: [],
      instrumentationScope: { name: "test" },
      droppedAttributesCount: 0,
      droppedEventsCount: 0,
      droppedLinksCount: 0,
    })),
  );
  try {
    const headers = { "content-type": "application/x-thrift" };
    const answer = await fetch(`${thriftUrl}/api/traces`, { method: "POST", headers, body: new Uint8Array(body) });
    await answer.arrayBuffer();
    return answer.status === 202;
  } catch {
    return undefined; // the connection died with the server
  }
};

function grpcSender(session: ClientHttp2Session): Send {
  return async (spans) => {
    const batch = telemetryBatch(
      spans.map((span) =>
        telemetrySpan({
          traceId: span.traceId,
          spanId: span.spanId,
          attributes: new Map(Object.entries(attributesOf(span))),
        }),
      ),
      "grpc",
    );
    const answer = await callGrpc(session, TRACES, framed(encodeProtobuf(batch)));
    // Without a status there was no answer: the connection died with the server.
    return answer.status === undefined ? undefined : answer.status === "0";
  };
}

interface Run {
  readonly acknowledged: Map<string, GeneratedSpan>;
  sent: number;
}

/** @param onKept called after each acknowledged request. */
async function sendUntilGone(run: Run, send: Send, onKept: () => void): Promise<void> {
  for (;;) {
    const spans = Array.from({ length: SPANS_PER_REQUEST }, () => generatedSpan("protocols", run.sent++));
    const kept = await send(spans);
    if (kept === undefined) return;
    if (kept) for (const span of spans) run.acknowledged.set(`${span.traceId}-${span.spanId}`, span);
    if (kept) onKept();
  }
}

/** Sends on both, and kills the server a while after it has acknowledged something on each. */
async function cycle(run: Run, waitMs: number): Promise<void> {
  const server = await ready();
  const session = connect(`http://127.0.0.1:${grpcPort}`);
  session.on("error", () => undefined);
  const senders = [sendThrift, grpcSender(session)].map((send) => {
    let onKept: () => void = () => undefined;
    const kept = new Promise<void>((resolve) => (onKept = resolve));
    return { kept, done: Array.from({ length: SENDERS_PER_PROTOCOL }, () => sendUntilGone(run, send, onKept)) };
  });
  await Promise.all(senders.map(({ kept }) => kept));
  await new Promise((resolve) => setTimeout(resolve, waitMs));
  expect(await server.stop("SIGKILL")).toBe("SIGKILL");
  await Promise.all(senders.flatMap(({ done }) => done));
  session.destroy();
}

/** Output tokens of every stored call by id, one entry for each time it is listed. */
async function stored(): Promise<Map<string, (number | undefined)[]>> {
  const api = await signIn(dashboardUrl);
  const found = new Map<string, (number | undefined)[]>();
  for (let cursor: string | undefined = ""; cursor !== undefined;) {
    const next: string = cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const page = await api.get(`/api/requests?${allTime()}&limit=1000${next}`, requestListSchema);
    for (const { id, outputTokens } of page.rows) found.set(id, [...(found.get(id) ?? []), outputTokens]);
    cursor = page.next;
  }
  return found;
}

describe("D1: kill -9 under ingest", () => {
  it(`keeps what gRPC and thrift acknowledged exactly once over ${CYCLES} kills`, { timeout: 120_000 }, async () => {
    const run: Run = { acknowledged: new Map(), sent: 0 };
    for (let i = 0; i < CYCLES; i++) await cycle(run, i * 60);
    const server = await ready();
    const found = await stored();
    await server.stop();
    const wrong = [...run.acknowledged].filter(([id, { outputTokens }]) => {
      const times = found.get(id) ?? [];
      return times.length !== 1 || times[0] !== outputTokens;
    });
    console.info(`kill -9: ${run.sent} spans sent, ${run.acknowledged.size} acknowledged, ${found.size} stored`);
    expect(wrong).toEqual([]);
    expect(found.size).toBeLessThanOrEqual(run.sent);
  });
});

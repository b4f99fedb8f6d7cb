import { Agent, request, type ClientRequest, type IncomingMessage } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { signIn } from "../harness/api-client.ts";
import { audit, CLEAN, createLoad } from "../harness/load.ts";
import { generatedSpan, otlpJson, type GeneratedSpan } from "../harness/otlp.ts";
import { eventually, temporaryFolder } from "../harness/program.ts";
import { grpcSender, thriftSender } from "../harness/senders.ts";
import { serverUnderTest, type ServerUnderTest } from "../harness/server.ts";

const RUN = "drain";
const SENDERS = 8;
const GRPC_UNAVAILABLE = 14;
/** Sequences that the load does not reach. */
const [HELD, BUSY] = [1_000_000, 2_000_000];

const folder = temporaryFolder();
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
const heldAgent = new Agent({ keepAlive: true });
let server: ServerUnderTest;

beforeAll(async () => {
  server = await serverUnderTest(folder.path);
});
afterAll(async () => {
  agent.destroy();
  heldAgent.destroy();
  await server.end();
  folder.remove();
});

function post(options: { readonly agent?: Agent; readonly headers?: Record<string, string> } = {}): ClientRequest {
  const { headers = {}, ...rest } = options;
  return request(`${server.otlpUrl}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    ...rest,
  });
}

function answerOf(sent: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    sent.once("error", reject);
    sent.once("response", (answer) => {
      answer.resume();
      answer.once("end", () => resolve(answer));
    });
  });
}

/** A request whose head the server has, and half of whose body. */
async function half(span: GeneratedSpan) {
  const body = JSON.stringify(otlpJson([span]));
  const sent = post({ agent: heldAgent, headers: { expect: "100-continue" } });
  const answer = answerOf(sent);
  sent.flushHeaders();
  await new Promise((resolve) => sent.once("continue", resolve));
  sent.write(body.slice(0, 100));
  return { answer, finish: () => void sent.end(body.slice(100)) };
}

/** One connection that never rests, until the server ends it. */
async function sendWithoutRest(acknowledged: GeneratedSpan[]): Promise<void> {
  for (let sequence = BUSY; ; sequence++) {
    const span = generatedSpan(RUN, sequence);
    const sent = post({ agent });
    sent.end(JSON.stringify(otlpJson([span])));
    const answer = await answerOf(sent).catch(() => undefined);
    if (answer === undefined) return;
    if (answer.statusCode === 200) acknowledged.push(span);
  }
}

describe("D11: SIGTERM under load", () => {
  it("answers what is in flight, stores what it acknowledged once, and exits 0", { timeout: 120_000 }, async () => {
    const load = createLoad(server.otlpUrl, RUN, [thriftSender(server.thriftUrl), grpcSender(server.grpcPort)]);
    const program = await server.start();
    load.start(SENDERS);
    const spans: GeneratedSpan[] = [];
    const busy = sendWithoutRest(spans);
    await eventually("acknowledged spans", async () =>
      load.acknowledged.size > 500 && spans.length > 5 ? true : undefined,
    );
    const held = await half(generatedSpan(RUN, HELD));

    const exited = program.stop("SIGTERM");
    await eventually("unreadiness", async () => {
      const ready = await fetch(`${server.dashboardUrl}/ready`);
      return ready.status === 503 ? true : undefined;
    });
    // The connection that never rests ends while another request is still held.
    await busy;
    held.finish();
    const answer = await held.answer;
    expect([answer.statusCode, answer.headers.connection]).toEqual([200, "close"]);
    expect(await exited).toBe(0);
    await load.stop();
    // Whoever was turned away was told when to come back.
    const finals = load.refusals.filter((refusal) => refusal.retryAfterSeconds === undefined);
    expect(finals.filter(({ status }) => status !== GRPC_UNAVAILABLE)).toEqual([]);

    const again = await server.start();
    const all = new Map(load.acknowledged);
    for (const span of [...spans, generatedSpan(RUN, HELD)]) all.set(`${span.traceId}-${span.spanId}`, span);
    const { lost, doubled, changed } = await audit(await signIn(server.dashboardUrl), all, RUN, load.sent);
    expect({ lost, doubled, changed, invented: [] }).toEqual(CLEAN);
    expect(await again.stop()).toBe(0);
  });
});

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { requestListSchema } from "@nexent/monitor-api";
import { allTime, signIn } from "../harness/api-client.ts";
import { generatedSpan, otlpJson, type GeneratedSpan } from "../harness/otlp.ts";
import { freePorts } from "../harness/ports.ts";
import { answers, eventually, startProgram, temporaryFolder, type Program } from "../harness/program.ts";

const CYCLES = 20;
const CONNECTIONS = 8;
const SPANS_PER_REQUEST = 25;

const folder = temporaryFolder();
let dashboardUrl = "";
let otlpUrl = "";
let env: Record<string, string> = {};

beforeAll(async () => {
  env = { ...(await freePorts()), LLM_MONITOR_DATA_DIR: folder.path };
  dashboardUrl = `http://127.0.0.1:${env["LLM_MONITOR_DASHBOARD_PORT"] ?? ""}`;
  otlpUrl = `http://127.0.0.1:${env["LLM_MONITOR_OTLP_HTTP_PORT"] ?? ""}`;
});

afterAll(() => folder.remove());

async function ready(): Promise<Program> {
  const server = startProgram("server", [], env);
  await answers(`${dashboardUrl}/ready`, server);
  await answers(`${otlpUrl}/health`, server);
  return server;
}

/** Sends until the server is gone; a span counts as acknowledged only after an answer of 200. */
async function sendUntilGone(
  run: string,
  acknowledged: Map<string, GeneratedSpan>,
  sent: { count: number },
): Promise<void> {
  for (;;) {
    const spans = Array.from({ length: SPANS_PER_REQUEST }, () => generatedSpan(run, sent.count++));
    try {
      const answer = await fetch(`${otlpUrl}/v1/traces`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(otlpJson(spans)),
      });
      await answer.arrayBuffer();
      if (answer.status === 200) for (const span of spans) acknowledged.set(`${span.traceId}-${span.spanId}`, span);
    } catch {
      return; // the connection died with the server
    }
  }
}

/** Every stored call of the run, by id, with how often it was listed. */
async function stored(): Promise<Map<string, { times: number; outputTokens: number | undefined }>> {
  const api = await signIn(dashboardUrl);
  const found = new Map<string, { times: number; outputTokens: number | undefined }>();
  let cursor: string | undefined;
  do {
    const next: string = cursor === undefined ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const page = await api.get(`/api/requests?${allTime()}&limit=1000${next}`, requestListSchema);
    for (const row of page.rows) {
      found.set(row.id, { times: (found.get(row.id)?.times ?? 0) + 1, outputTokens: row.outputTokens });
    }
    cursor = page.next;
  } while (cursor !== undefined);
  return found;
}

describe("D1: kill -9 under ingest", () => {
  it(`keeps every acknowledged span exactly once over ${CYCLES} kills`, { timeout: 300_000 }, async () => {
    const acknowledged = new Map<string, GeneratedSpan>();
    const sent = { count: 0 };
    const acknowledgedPerCycle: number[] = [];
    for (let cycle = 0; cycle < CYCLES; cycle++) {
      const before = acknowledged.size;
      const server = await ready();
      const senders = Array.from({ length: CONNECTIONS }, () => sendUntilGone("kill", acknowledged, sent));
      // On a busy machine the first answer can take longer than the whole wait.
      await eventually("an acknowledgement", async () => (acknowledged.size > before ? true : undefined));
      const killAfterMs = 50 + ((cycle * 37) % 10) * 60;
      await new Promise((resolve) => setTimeout(resolve, killAfterMs));
      expect(await server.stop("SIGKILL")).toBe("SIGKILL");
      await Promise.all(senders);
      acknowledgedPerCycle.push(acknowledged.size - before);
    }
    expect(Math.min(...acknowledgedPerCycle), "each cycle was under ingest").toBeGreaterThan(0);

    const server = await ready();
    const found = await stored();
    await server.stop();
    const lost = [...acknowledged.keys()].filter((id) => !found.has(id));
    const doubled = [...found].filter(([, row]) => row.times !== 1).map(([id]) => id);
    const changed = [...acknowledged].filter(([id, span]) => found.get(id)?.outputTokens !== span.outputTokens);
    const known = new Set(
      Array.from({ length: sent.count }, (_, sequence) => generatedSpan("kill", sequence)).map(
        (span) => `${span.traceId}-${span.spanId}`,
      ),
    );
    const invented = [...found.keys()].filter((id) => !known.has(id));
    console.info(
      `kill -9: ${CYCLES} cycles, ${sent.count} spans sent, ${acknowledged.size} acknowledged, ${found.size} stored`,
    );
    expect({ lost, doubled, changed: changed.length, invented }).toEqual({
      lost: [],
      doubled: [],
      changed: 0,
      invented: [],
    });
  });
});

import { CSRF_HEADER, liveEventSchema, type OpenCalls } from "@nexent/monitor-api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { signIn, type ApiClient } from "../harness/api-client.ts";
import { eventually } from "../harness/program.ts";
import { startStack, type Stack } from "../harness/stack.ts";

const READ_TOKEN = "nxm_read_0123456789abcdef0123456789abcdef";
let stack: Stack;
let api: ApiClient;

beforeAll(async () => {
  stack = await startStack({ GATEWAY_WORKERS: "2", LLM_MONITOR_READ_TOKEN: READ_TOKEN });
  api = await signIn(stack.dashboardUrl);
});

afterAll(() => stack?.stop());

/** A stream of the built-in model: first token after 0.3 s, then one every 0.2 s. */
function ask(model: string, tokens: number): Promise<Response> {
  return fetch(`${stack.gatewayUrl}/exact/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      model,
      stream: true,
      messages: [{ role: "user", content: "CANARY-prompt" }],
      exact: { ttftMs: 300, tokens, gapMs: 200 },
    }),
  });
}

/** The first event of the dashboard's live feed that `enough` accepts. */
async function lastOpen(enough: (open: OpenCalls) => boolean): Promise<OpenCalls> {
  const feed = await fetch(`${stack.dashboardUrl}/api/live?topics=open`, {
    headers: { cookie: api.cookie, [CSRF_HEADER]: api.csrf },
    signal: AbortSignal.timeout(15_000),
  });
  if (feed.body === null) throw new Error("no feed");
  let text = "";
  const decoder = new TextDecoder();
  for await (const bytes of feed.body) {
    text += decoder.decode(bytes, { stream: true });
    const frames = text.split("\n\n");
    text = frames.pop() ?? "";
    for (const frame of frames) {
      const [, event, data] = /event: (\S+)\ndata: (.+)/.exec(frame) ?? [];
      if (event === undefined || data === undefined) continue;
      const parsed = liveEventSchema.parse({ event, data: JSON.parse(data) });
      if (parsed.event === "open" && enough(parsed.data)) return parsed.data;
    }
  }
  throw new Error("the feed ended");
}

const scrape = async (): Promise<string> => (await fetch(`${stack.gatewayUrl}/metrics`)).text();

function samples(text: string, family: string): number {
  return text
    .split("\n")
    .filter((line) => line.startsWith(`${family}{`))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
}

describe("a gateway of two workers under nexent-monitor up", () => {
  it("39: shows the open calls of both on the dashboard's live feed, then their spans, and one sum of the metrics", async () => {
    const answers = await Promise.all(["one", "two", "three", "four"].map((name) => ask(`flight-${name}`, 15)));
    const open = await lastOpen(({ total, calls }) => total === 4 && calls.every(({ state }) => state === "streaming"));
    expect(open.calls.map(({ model }) => model).toSorted()).toEqual([
      "flight-four",
      "flight-one",
      "flight-three",
      "flight-two",
    ]);
    expect(open.calls[0]).toMatchObject({ upstream: "exact", operation: "chat", streaming: true });
    expect(JSON.stringify(open)).not.toContain("CANARY");
    expect(samples(await scrape(), "llm_requests_in_flight")).toBe(4);
    for (const answer of answers) expect(await answer.text()).toContain("data: [DONE]");
    await lastOpen(({ total }) => total === 0);

    const text = await scrape();
    expect(samples(text, "llm_requests_total")).toBe(4);
    expect(samples(text, "llm_total_tokens_total")).toBeGreaterThanOrEqual(60);
    const stored = await eventually(
      "the four calls on the dashboard",
      async () => {
        const { rows } = await api.requests("&m=flight-one&m=flight-two&m=flight-three&m=flight-four");
        return rows.length === 4 ? rows : undefined;
      },
      { program: stack.program },
    );
    // The open call and the stored one have one id.
    expect(new Set(stored.map(({ id }) => id))).toEqual(new Set(open.calls.map(({ id }) => id)));
  });

  it("shows nobody without the read token what is open", async () => {
    expect((await fetch(`${stack.gatewayUrl}/inflight`)).status).toBe(401);
    const headers = { authorization: `Bearer ${READ_TOKEN}` };
    expect((await fetch(`${stack.gatewayUrl}/inflight`, { headers })).status).toBe(200);
  });
});

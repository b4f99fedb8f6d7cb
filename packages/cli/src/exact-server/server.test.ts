import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import OpenAI from "openai";
import { scenarioByName, SCENARIOS, type Scenario } from "@nexent/monitor-core/scenarios";
import { requestOf } from "../verify/scenario-request.ts";
import { PLAY_ID_HEADER } from "./schedule.ts";
import { startExactServer, type ExactServer } from "./server.ts";

let server: ExactServer;
let openai: OpenAI;

beforeAll(async () => {
  server = await startExactServer();
  openai = new OpenAI({ apiKey: "none", baseURL: server.baseUrl, maxRetries: 0 });
});

afterAll(() => server.close());

/** A schedule short enough for a unit test. */
const SHORT = { ttftMs: 20, roleMs: 5, gapMs: 4, tokens: 5, finishMs: 2 };

/** The client passes fields it does not know. */
function exactly(exact: Readonly<Record<string, unknown>>): { readonly exact: Readonly<Record<string, unknown>> } {
  return { exact };
}

const WITH_SHORT = exactly(SHORT);

function post(body: unknown, options: RequestInit & { readonly id?: string } = {}): Promise<Response> {
  const { id, ...init } = options;
  return fetch(`${server.baseUrl}/chat/completions`, {
    method: "POST",
    body: JSON.stringify(body),
    headers: id === undefined ? {} : { [PLAY_ID_HEADER]: id },
    ...init,
  });
}

async function untilEnded(id: string): Promise<void> {
  while (server.play(id)?.endedMs === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe("the exact-schedule server", () => {
  it("streams to the openai client, with usage when asked", async () => {
    const stream = await openai.chat.completions.create({
      model: "exact",
      stream: true,
      stream_options: { include_usage: true },
      messages: [{ role: "user", content: "hello" }],
      ...WITH_SHORT,
    });
    let text = "";
    let completionTokens: number | undefined;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? "";
      completionTokens = chunk.usage?.completion_tokens ?? completionTokens;
    }
    expect(text).toBe("every token of this answer ");
    expect(completionTokens).toBe(5);
  });

  it("answers the openai client without streaming, in both formats", async () => {
    const chat = await openai.chat.completions.create({
      model: "any-model",
      messages: [{ role: "user", content: "hello" }],
      ...WITH_SHORT,
    });
    expect(chat.choices[0]?.message.content).toBe("every token of this answer ");
    const legacy = await openai.completions.create({ model: "exact", prompt: "hello", ...WITH_SHORT });
    expect(legacy.choices[0]?.text).toBe("every token of this answer ");
  });

  it("records when each write was really made, never before its deadline", async () => {
    const response = await post({ stream: true, exact: SHORT }, { id: "recorded" });
    await response.text();
    expect(response.headers.get(PLAY_ID_HEADER)).toBe("recorded");
    const record = server.play("recorded");
    expect(record?.plannedMs).toEqual([5, 20, 24, 28, 32, 36, 38]);
    expect(record?.writtenMs).toHaveLength(7);
    record?.writtenMs.forEach((writtenMs, index) =>
      expect(writtenMs).toBeGreaterThanOrEqual(record.plannedMs[index] ?? 0),
    );
    expect(record).toMatchObject({ state: "finished", model: "exact" });
    const overHttp = await fetch(`http://127.0.0.1:${server.port}/schedule/recorded`);
    expect(await overHttp.json()).toEqual(record);
  });

  it("notices an abort, stops writing and counts it", async () => {
    const before = server.stats();
    const abort = new AbortController();
    const response = await post(
      { stream: true, exact: { ...SHORT, stalls: [{ afterToken: 1, ms: 60_000 }] } },
      { id: "left", signal: abort.signal },
    );
    const reader = response.body?.getReader();
    await reader?.read();
    abort.abort();
    await expect(reader?.read()).rejects.toThrow("abort");
    await untilEnded("left");
    expect(server.play("left")).toMatchObject({ state: "aborted" });
    expect(server.stats()).toMatchObject({
      active: before.active,
      aborted: before.aborted + 1,
      started: before.started + 1,
    });
  });

  it("resets the connection in the middle of the body when told to drop", async () => {
    const response = await post({ stream: true, exact: { ...SHORT, dropAfterTokens: 2 } }, { id: "dropped" });
    await expect(response.text()).rejects.toThrow("terminated");
    expect(server.play("dropped")).toMatchObject({ state: "finished" });
  });

  it("answers a given error status in the shape that client libraries read", async () => {
    const call = openai.chat.completions.create({
      model: "exact",
      messages: [],
      ...exactly({ status: 429, ttftMs: 1 }),
    });
    await expect(call).rejects.toMatchObject({ status: 429, code: "rate_limit_exceeded" });
  });

  it("says which field of a request is wrong", async () => {
    const call = openai.chat.completions.create({ model: "exact", messages: [], ...exactly({ gapMs: "fast" }) });
    await expect(call).rejects.toMatchObject({ status: 400, param: "exact.gapMs" });
  });

  it("answers health, models and stats, and 404 for anything else", async () => {
    const get = (path: string): Promise<Response> => fetch(`http://127.0.0.1:${server.port}${path}`);
    expect(await (await get("/health")).json()).toMatchObject({ status: "ok", service: "nexent-exact-server" });
    const models = await openai.models.list();
    expect(models.data.map((model) => model.id)).toEqual(["exact", ...SCENARIOS.map(({ name }) => `scenario/${name}`)]);
    expect(await (await get("/stats")).json()).toEqual(server.stats());
    expect((await get("/nothing")).status).toBe(404);
    expect((await get("/schedule/unknown")).status).toBe(404);
  });

  it("refuses an unknown scenario and a body that is not JSON", async () => {
    expect((await post({ model: "scenario/none", stream: true })).status).toBe(404);
    const malformed = await fetch(`${server.baseUrl}/chat/completions`, { method: "POST", body: "{" });
    expect(malformed.status).toBe(400);
    expect(await malformed.json()).toMatchObject({ error: { type: "invalid_request_error" } });
  });

  it("survives a request target that is no path", async () => {
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect(server.port, "127.0.0.1", () =>
        socket.end("GET // HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"),
      );
      let text = "";
      socket
        .on("data", (bytes) => (text += bytes.toString()))
        .on("end", () => resolve(text))
        .on("error", reject);
    });
    expect(answer).toMatch(/^HTTP\/1\.1 404/);
  });

  it("names the port when another process listens on it", async () => {
    await expect(startExactServer({ port: server.port })).rejects.toMatchObject({
      code: "PORT_IN_USE",
      message: expect.stringContaining(String(server.port)),
    });
  });
});

describe("scenarios", () => {
  const play = (scenario: Scenario, id?: string): Promise<Response> => {
    const { path, body } = requestOf(scenario);
    const headers: Record<string, string> = id === undefined ? {} : { [PLAY_ID_HEADER]: id };
    return fetch(`${server.origin}${path}`, { method: "POST", body, headers });
  };

  const shortest = ["openai-chat", "openai-responses", "anthropic-messages", "gemini", "ollama"].map((format) => {
    const ended = SCENARIOS.filter((scenario) => scenario.format === format && scenario.end.kind === "end");
    const [first] = ended.sort((a, b) => (a.writes.at(-1)?.atMs ?? 0) - (b.writes.at(-1)?.atMs ?? 0));
    if (first === undefined) throw new Error(`no scenario of ${format} ends`);
    return [format, first] as const;
  });

  it.each(shortest)("of %s are played by their name: status, headers and every byte", async (_, scenario) => {
    const response = await play(scenario);
    expect(response.status).toBe(scenario.status);
    expect(await response.text()).toBe(scenario.writes.map((write) => write.text).join(""));
    for (const [name, value] of Object.entries(scenario.headers)) expect(response.headers.get(name)).toBe(value);
  });

  it("refuse the first requests of a call where they say so", async () => {
    const scenario = scenarioByName("responses-retry-twice");
    if (scenario === undefined) throw new Error("the scenario is missing");
    const statuses: number[] = [];
    for (let request = 0; request < 3; request += 1) {
      const response = await play(scenario, "asked-again");
      statuses.push(response.status);
      await response.text();
    }
    expect(statuses).toEqual([503, 503, 200]);
    expect(server.play("asked-again")).toMatchObject({ state: "finished", name: "responses-retry-twice" });
  });
});

import { describe, expect, it } from "vitest";
import { readExactRequest } from "./exact-request.ts";
import { exactSchedule } from "./exact-schedule.ts";
import type { ExactFormat } from "./routes.ts";
import type { Schedule } from "./schedule.ts";

interface Body {
  readonly exact?: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

function scheduleOf(body: Body, format: ExactFormat = "openai-chat"): Schedule {
  const reading = readExactRequest(
    { format },
    {
      stream: true,
      messages: [{ role: "user", content: "12345678" }],
      ...body,
    },
  );
  if (!reading.ok) throw new Error(reading.message);
  return exactSchedule(reading.request, { id: "1", created: 1 });
}

interface Chunk {
  readonly choices: readonly {
    readonly delta?: {
      readonly content?: string;
      readonly reasoning_content?: string;
      readonly tool_calls?: readonly { readonly function: { readonly name?: string; readonly arguments: string } }[];
    };
    readonly text?: string;
    readonly finish_reason: string | null;
  }[];
  readonly usage?: unknown;
}

function chunksOf(schedule: Schedule): readonly Chunk[] {
  return schedule.writes
    .map((write) => write.text)
    .join("")
    .split("\n\n")
    .filter((event) => event !== "" && event !== "data: [DONE]")
    .map((event) => {
      const chunk: Chunk = JSON.parse(event.slice("data: ".length));
      return chunk;
    });
}

function timesOf(schedule: Schedule): readonly number[] {
  return schedule.writes.map((write) => write.atMs);
}

describe("the reference schedule", () => {
  it("is role at 400 ms, 20 tokens from 500 ms every 20 ms, finish and end at 1180 ms", () => {
    const schedule = scheduleOf({});
    const tokens = Array.from({ length: 20 }, (_, index) => 500 + 20 * index);
    expect(timesOf(schedule)).toEqual([400, ...tokens, 1180]);
    expect(schedule.end).toEqual({ kind: "end", atMs: 1180 });
    expect(schedule.headAtMs).toBe(0);
    expect(schedule.writes.at(-1)?.text).toMatch(/"finish_reason":"stop".*\n\ndata: \[DONE\]\n\n$/s);
  });

  it("reports usage only when asked, and then null on the other chunks", () => {
    expect(chunksOf(scheduleOf({})).every((chunk) => !("usage" in chunk))).toBe(true);
    const asked = chunksOf(scheduleOf({ stream_options: { include_usage: true } }));
    expect(asked.slice(0, -1).every((chunk) => chunk.usage === null)).toBe(true);
    expect(asked.at(-1)).toMatchObject({
      choices: [],
      usage: { prompt_tokens: 2, completion_tokens: 20, total_tokens: 22 },
    });
  });

  it("has no role chunk in the legacy format", () => {
    const schedule = scheduleOf({ prompt: "hi" }, "openai-completions");
    expect(timesOf(schedule)[0]).toBe(500);
    expect(chunksOf(schedule)[0]?.choices[0]?.text).toBe("every ");
  });
});

describe("any other schedule", () => {
  it("puts four tokens into a chunk every 80 ms", () => {
    expect(timesOf(scheduleOf({ exact: { tokensPerChunk: 4 } }))).toEqual([400, 500, 580, 660, 740, 820, 1180]);
  });

  it("adds a stall after its token and keeps every later deadline absolute", () => {
    const times = timesOf(
      scheduleOf({ exact: { tokens: 4, gapMs: 10, stalls: [{ afterToken: 2, ms: 3000 }], finishMs: 0 } }),
    );
    expect(times).toEqual([400, 500, 510, 3520, 3530, 3530]);
  });

  it("streams reasoning first and counts it inside the tokens", () => {
    const chunks = chunksOf(
      scheduleOf({
        stream_options: { include_usage: true },
        exact: { tokens: 5, reasoningTokens: 3, tokensPerChunk: 2 },
      }),
    );
    const kinds = chunks.flatMap((chunk) => Object.keys(chunk.choices[0]?.delta ?? {}));
    expect(kinds).toEqual(["role", "content", "reasoning_content", "reasoning_content", "content"]);
    expect(chunks.at(-1)?.usage).toMatchObject({
      completion_tokens: 5,
      completion_tokens_details: { reasoning_tokens: 3 },
    });
  });

  it("streams a tool call whose argument fragments are one JSON document", () => {
    const chunks = chunksOf(scheduleOf({ exact: { toolCall: true, tokens: 6 } }));
    const calls = chunks.flatMap((chunk) => chunk.choices[0]?.delta?.tool_calls ?? []);
    expect(calls[0]?.function.name).toBe("write_text");
    expect(JSON.parse(calls.map((call) => call.function.arguments).join(""))).toHaveProperty("text");
    expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe("tool_calls");
  });

  it("varies gaps by at most the jitter, repeatably", () => {
    const exact = { jitter: 0.5, gapMs: 10, tokens: 50, seed: 7 };
    const times = timesOf(scheduleOf({ exact })).slice(1, -1);
    const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(5);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(15);
    expect(new Set(gaps).size).toBeGreaterThan(10);
    expect(timesOf(scheduleOf({ exact }))).toEqual(timesOf(scheduleOf({ exact })));
  });

  it("drops the connection one gap after the given token, without usage or finish", () => {
    const schedule = scheduleOf({ stream_options: { include_usage: true }, exact: { dropAfterTokens: 2 } });
    expect(timesOf(schedule)).toEqual([400, 500, 520]);
    expect(schedule.end).toEqual({ kind: "reset", atMs: 540 });
  });

  it("sends an error event after the given token", () => {
    const schedule = scheduleOf({ exact: { errorAfterTokens: 1 } });
    expect(schedule.writes.at(-1)?.text).toContain('data: {"error":{');
    expect(schedule.writes.at(-1)?.text).not.toContain("[DONE]");
  });

  it("answers a status of 400 or more with an error body", () => {
    const schedule = scheduleOf({ exact: { status: 429, ttftMs: 5 } });
    expect(schedule).toMatchObject({ status: 429, headers: { "retry-after": "1" }, end: { kind: "end", atMs: 5 } });
    expect(JSON.parse(schedule.writes[0]?.text ?? "")).toMatchObject({ error: { code: "rate_limit_exceeded" } });
  });

  it("stops at the client's token limit with the finish reason length", () => {
    const chunks = chunksOf(scheduleOf({ max_tokens: 3, stream_options: { include_usage: true } }));
    expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe("length");
    expect(chunks.at(-1)?.usage).toMatchObject({ completion_tokens: 3 });
  });

  it("gives a non-streaming answer when all of it would have been written", () => {
    const schedule = scheduleOf({ stream: false, exact: { tokens: 3 } });
    expect(timesOf(schedule)).toEqual([840]);
    expect(JSON.parse(schedule.writes[0]?.text ?? "")).toMatchObject({
      object: "chat.completion",
      choices: [{ message: { role: "assistant", content: "every token of " }, finish_reason: "stop" }],
      usage: { completion_tokens: 3 },
    });
  });
});

describe("a wrong request", () => {
  it.each([
    [{ exact: { tokens: -1 } }, "exact.tokens"],
    [{ exact: { tokens: 2, reasoningTokens: 3 } }, "exact.reasoningTokens"],
    [{ exact: { ttft: 5 } }, "exact"],
    [{ exact: { status: 302 } }, "exact.status"],
    [{ n: 2 }, "n"],
    [{ stream: "yes" }, "stream"],
  ])("is told which field is wrong: %j", (body, param) => {
    const reading = readExactRequest({ format: "openai-chat" }, body);
    expect(reading).toMatchObject({ ok: false, param });
    expect(reading.ok ? "" : reading.message).toContain(param);
  });

  it.each([undefined, null, 5, [], "text"])("is refused when it is no object: %j", (body) => {
    expect(readExactRequest({ format: "openai-chat" }, body).ok).toBe(false);
  });
});

import { describe, expect, it } from "vitest";
import { readExactRequest } from "../exact-request.ts";
import { exactSchedule } from "../exact-schedule.ts";
import type { ExactRoute } from "../routes.ts";
import type { Schedule } from "../schedule.ts";

type Json = Readonly<Record<string, unknown>>;

/** Walks `path` through lists and objects; every value that is found, as one text. */
function textAt(values: readonly unknown[], path: string): string {
  const found = path.split(".").reduce<readonly unknown[]>(
    (at, member) =>
      at.flatMap((value) => {
        if (typeof value !== "object" || value === null) return [];
        const next = (value as Json)[member];
        return Array.isArray(next) ? next : [next];
      }),
    values,
  );
  return found.filter((value) => typeof value === "string").join("");
}

function sseValues(text: string): readonly unknown[] {
  return text
    .split(/\r?\n\r?\n/)
    .flatMap((event) => event.split("\n").filter((line) => line.startsWith("data: {")))
    .map((line) => JSON.parse(line.slice("data: ".length)) as unknown);
}

function lineValues(text: string): readonly unknown[] {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as unknown);
}

const GEMINI = { model: "exact", stream: true, inArray: false };
const USAGE = { input: 2, output: 6, reasoning: 2 };

interface FormatCase {
  readonly name: string;
  readonly route: ExactRoute;
  readonly body: Json;
  readonly values: (text: string) => readonly unknown[];
  /** Where text and reasoning stand in the chunks, and in the whole answer. */
  readonly chunk: { readonly text: string; readonly reasoning: string };
  readonly whole: string;
  /** What the last chunk with usage must contain. */
  readonly usage: Json;
  /** What an error body must contain. */
  readonly error: Json;
}

const FORMATS: readonly FormatCase[] = [
  {
    name: "openai-chat",
    route: { format: "openai-chat" },
    body: { messages: [{ role: "user", content: "12345678" }], stream_options: { include_usage: true } },
    values: sseValues,
    chunk: { text: "choices.delta.content", reasoning: "choices.delta.reasoning_content" },
    whole: "choices.message.content",
    usage: { usage: { prompt_tokens: 2, completion_tokens: 6, total_tokens: 8 } },
    error: { error: { type: "rate_limit_error", code: "rate_limit_exceeded" } },
  },
  {
    name: "openai-responses",
    route: { format: "openai-responses" },
    body: { input: "12345678" },
    values: sseValues,
    chunk: { text: "delta", reasoning: "" },
    whole: "output.content.text",
    usage: {
      type: "response.completed",
      response: {
        status: "completed",
        usage: { input_tokens: 2, output_tokens: 6, output_tokens_details: { reasoning_tokens: 2 } },
      },
    },
    error: { error: { type: "rate_limit_error" } },
  },
  {
    name: "anthropic-messages",
    route: { format: "anthropic-messages" },
    body: { messages: [{ role: "user", content: [{ type: "text", text: "12345678" }] }], max_tokens: 100 },
    values: sseValues,
    chunk: { text: "delta.text", reasoning: "delta.thinking" },
    whole: "content.text",
    usage: { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 6 } },
    error: { type: "error", error: { type: "rate_limit_error" } },
  },
  {
    name: "gemini",
    route: { format: "gemini", given: GEMINI },
    body: { contents: [{ role: "user", parts: [{ text: "12345678" }] }] },
    values: sseValues,
    chunk: { text: "candidates.content.parts.text", reasoning: "" },
    whole: "candidates.content.parts.text",
    usage: { usageMetadata: { promptTokenCount: 2, candidatesTokenCount: 4, thoughtsTokenCount: 2 } },
    error: { error: { code: 429, status: "RESOURCE_EXHAUSTED" } },
  },
  {
    name: "gemini in one array",
    route: { format: "gemini", given: { ...GEMINI, inArray: true } },
    body: { contents: [{ role: "user", parts: [{ text: "12345678" }] }] },
    values: (text) => JSON.parse(text) as unknown[],
    chunk: { text: "candidates.content.parts.text", reasoning: "" },
    whole: "candidates.content.parts.text",
    usage: { usageMetadata: { promptTokenCount: 2, candidatesTokenCount: 4, thoughtsTokenCount: 2 } },
    error: { 0: { error: { code: 429, status: "RESOURCE_EXHAUSTED" } } },
  },
  {
    name: "ollama chat",
    route: { format: "ollama-chat" },
    body: { messages: [{ role: "user", content: "12345678" }] },
    values: lineValues,
    chunk: { text: "message.content", reasoning: "message.thinking" },
    whole: "message.content",
    usage: { done: true, done_reason: "stop", prompt_eval_count: 2, eval_count: 6 },
    error: { error: "The exact-schedule server was asked for status 429." },
  },
  {
    name: "ollama generate",
    route: { format: "ollama-generate" },
    body: { prompt: "12345678" },
    values: lineValues,
    chunk: { text: "response", reasoning: "thinking" },
    whole: "response",
    usage: { done: true, done_reason: "stop", prompt_eval_count: 2, eval_count: 6 },
    error: { error: "The exact-schedule server was asked for status 429." },
  },
];

function scheduleOf({ route, body }: FormatCase, exact: Json, more: Json = {}): Schedule {
  const reading = readExactRequest(route, { stream: true, ...body, ...more, exact });
  if (!reading.ok) throw new Error(reading.message);
  return exactSchedule(reading.request, { id: "1", created: 1 });
}

function bytesOf(schedule: Schedule): string {
  return schedule.writes.map(({ text }) => text).join("");
}

const WITH_REASONING = { tokens: USAGE.output, reasoningTokens: USAGE.reasoning };
const REASONING = "every token ";
const ANSWER = "of this answer has ";

describe.each(FORMATS)("the $name shape", (format) => {
  it("streams every token on its deadline, reasoning first, and tells the usage", () => {
    const schedule = scheduleOf(format, WITH_REASONING);
    const values = format.values(bytesOf(schedule));
    const { text, reasoning } = format.chunk;
    if (reasoning === "") expect(textAt(values, text)).toBe(REASONING + ANSWER);
    else {
      expect(textAt(values, reasoning)).toBe(REASONING);
      expect(textAt(values, text)).toBe(ANSWER);
    }
    expect(values.at(-1) === undefined ? [] : values).toContainEqual(
      expect.objectContaining({ ...expectDeep(format.usage) }),
    );
    const tokenTimes = [500, 520, 540, 560, 580, 600];
    expect(schedule.writes.map(({ atMs }) => atMs).filter((atMs) => atMs >= 500)).toEqual([...tokenTimes, 900]);
    expect(schedule.end).toEqual({ kind: "end", atMs: 900 });
  });

  it("answers as a whole", () => {
    const { given } = format.route;
    const route =
      given === undefined ? format.route : { ...format.route, given: { ...given, stream: false, inArray: false } };
    const schedule = scheduleOf({ ...format, route }, { tokens: 4 }, { stream: false });
    expect(schedule.headers["content-type"]).toBe("application/json");
    expect(textAt([JSON.parse(bytesOf(schedule))], format.whole)).toBe("every token of this ");
  });

  it("tells an error in the provider's own words", () => {
    const schedule = scheduleOf(format, { status: 429, ttftMs: 5 });
    expect(schedule.status).toBe(429);
    expect(JSON.parse(bytesOf(schedule))).toMatchObject(format.error);
  });

  it("can fail under status 200 and be cut", () => {
    const failing = bytesOf(scheduleOf(format, { errorAfterTokens: 1 }));
    expect(JSON.stringify(format.values(failing).at(-1))).toContain("asked to fail");
    expect(scheduleOf(format, { dropAfterTokens: 2 }).end).toEqual({ kind: "reset", atMs: 540 });
  });

  it("calls a tool with arguments that are one JSON document", () => {
    const bytes = bytesOf(scheduleOf(format, { toolCall: true, tokens: 6 }));
    expect(format.values(bytes).length).toBeGreaterThan(1);
    if (format.name !== "ollama generate") expect(bytes).toContain("write_text");
  });
});

/** `expect.objectContaining` at every depth. */
function expectDeep(value: Json): Json {
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      typeof item === "object" && item !== null ? expect.objectContaining(expectDeep(item as Json)) : item,
    ]),
  ) as Json;
}

describe("embeddings", () => {
  it.each([
    ["openai-embeddings", "data"],
    ["ollama-embed", "embeddings"],
  ] as const)("%s answers one vector per input and counts the input", (format, member) => {
    const reading = readExactRequest({ format }, { input: ["12345678", "1234"] });
    if (!reading.ok) throw new Error(reading.message);
    const schedule = exactSchedule(reading.request, { id: "1", created: 1 });
    const body = JSON.parse(bytesOf(schedule)) as Json;
    expect(body[member]).toHaveLength(2);
    expect(JSON.stringify(body)).toMatch(/"prompt_(tokens|eval_count)":3/);
    expect(schedule.end).toEqual({ kind: "end", atMs: 500 });
  });
});

import { ATTR, LIMITS, openaiChat, utf8Length } from "@nexent/monitor-core";
import { describe, expect, it } from "vitest";
import type { ContentCapture } from "../config/content-capture.ts";
import { readMonitorConfig } from "../config/config.ts";
import { CALL, createTestRuntime } from "../testing/test-runtime.testing.ts";
import { readAnswered, readAsked } from "./content-messages.ts";
import { createRecorder } from "./recorder.ts";
import type { Recording } from "./recording.ts";

const VARIABLE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT";
const ON: ContentCapture = { span: true, event: false };
const REQUEST = { messages: [{ role: "user", content: "why?" }] };

function captureOf(value: string | undefined): ContentCapture | undefined {
  return readMonitorConfig(value === undefined ? {} : { [VARIABLE]: value }).captureContent;
}

/** One call with its content; the span it left. */
function recorded(content: ContentCapture | undefined, request: unknown, use: (recording: Recording) => void) {
  const { registry, backend } = createTestRuntime();
  const recorder = createRecorder({ ...readMonitorConfig({}), registry, backend, content });
  const recording = recorder.start(CALL, { request });
  use(recording);
  recording.end({ outcome: "ok" });
  recorder.close();
  return backend.spans[0];
}

function messages(attribute: unknown): unknown {
  return JSON.parse(String(attribute));
}

describe("the capture variable", () => {
  it("is off by default and for a value nobody knows", () => {
    expect([undefined, "", "NO_CONTENT", "false", "everything"].map(captureOf)).toEqual(Array(5).fill(undefined));
    expect(readMonitorConfig({ [VARIABLE]: "everything" }).problems[0]?.variable).toBe(VARIABLE);
  });

  it("says where content goes", () => {
    expect(["SPAN_ONLY", "true", "event_only", "SPAN_AND_EVENT"].map(captureOf)).toEqual([
      { span: true, event: false },
      { span: true, event: false },
      { span: false, event: true },
      { span: true, event: true },
    ]);
  });
});

describe("the content of a call", () => {
  const answer = (recording: Recording): void => recording.text?.add("text", "because");

  it("is nowhere unless it was asked for", () => {
    const span = recorded(undefined, REQUEST, (recording) => {
      expect([recording.text, recording.content]).toEqual([undefined, undefined]);
    });
    expect(JSON.stringify(span)).not.toContain("why?");
  });

  it("stands on the span, in an event, or both", () => {
    const span = recorded(ON, REQUEST, answer);
    expect(messages(span?.attributes[ATTR.genAiInputMessages])).toEqual([
      { role: "user", parts: [{ type: "text", content: "why?" }] },
    ]);
    expect(messages(span?.attributes[ATTR.genAiOutputMessages])).toEqual([
      { role: "assistant", parts: [{ type: "text", content: "because" }] },
    ]);
    const event = recorded({ span: false, event: true }, REQUEST, answer);
    expect(event?.attributes).not.toHaveProperty(ATTR.genAiInputMessages);
    expect(event?.events).toMatchObject([{ name: "gen_ai.client.inference.operation.details" }]);
    expect(JSON.stringify(event?.events)).toContain("because");
  });

  it("has no secret in it, not even one at a cut", () => {
    const key = "sk-proj-abcdefghijklmnop";
    const long = `${"x".repeat(32 * 1024 - 6)} ${key}`;
    for (const text of [`my key is ${key}`, long, "Authorization: Bearer abc.def", "https://me:pw@host/"]) {
      const span = recorded(ON, { messages: [{ role: "user", content: text }] }, (recording) =>
        recording.text?.add("text", text),
      );
      expect(JSON.stringify(span?.attributes)).not.toMatch(/sk-p|abc\.def|me:pw/);
    }
  });

  it("passes the application's own redaction, and is left out when that fails", () => {
    const redact = (text: string, direction: string): string => {
      if (direction === "output") throw new Error("no");
      return text.replace("why", "***");
    };
    const span = recorded({ ...ON, redact }, REQUEST, answer);
    expect(span?.attributes[ATTR.genAiInputMessages]).toContain("***?");
    expect(JSON.stringify(span?.attributes)).not.toContain("because");
  });

  it("is cut to what an attribute may hold, the newest messages kept", () => {
    const big = "\u0001漢".repeat(100_000);
    const asked = { messages: ["old", big, "new"].map((content) => ({ role: "user", content })), system: big };
    const span = recorded(ON, asked, (recording) => recording.text?.add("text", big));
    for (const name of [ATTR.genAiInputMessages, ATTR.genAiOutputMessages, ATTR.genAiSystemInstructions]) {
      const json = String(span?.attributes[name]);
      expect(utf8Length(json)).toBeLessThanOrEqual(LIMITS.contentValueBytes);
      expect(json).toContain("…");
    }
    const input = String(span?.attributes[ATTR.genAiInputMessages]);
    expect([input.includes("new"), input.includes("old")]).toEqual([true, false]);
  });

  it("takes no room beyond that, whatever a request is made of", () => {
    const long = "n".repeat(1_000_000);
    const parts = Array.from({ length: 100_000 }, () => ({ type: long }));
    for (const request of [
      { messages: [{ role: long, content: parts }] },
      { messages: Array.from({ length: 100_000 }, () => ({ role: "user", content: "" })) },
      { messages: [{ role: "assistant", tool_calls: [{ id: long, name: long, arguments: long }] }], system: parts },
    ]) {
      const span = recorded(ON, request, (recording) => {
        for (let i = 0; i < 10_000; i += 1) recording.text?.add(i % 2 === 0 ? "text" : "reasoning", "a");
      });
      for (const value of Object.values(span?.attributes ?? {})) {
        expect(utf8Length(String(value))).toBeLessThanOrEqual(LIMITS.contentValueBytes);
      }
      expect(span?.attributes).toHaveProperty([ATTR.genAiInputMessages]);
    }
  });

  it("is read from the bytes of a body, split anywhere", () => {
    const body = `data: {"choices":[{"index":0,"delta":{"content":"hé"}}]}\r\n\r\ndata: {"choices":[{"index":0,"delta":{"content":"llo"}}]}\n\ndata: [DONE]\n\n`;
    const bytes = new TextEncoder().encode(body);
    const span = recorded(ON, REQUEST, ({ content }) => {
      for (const byte of bytes) content?.bytes(Uint8Array.of(byte), openaiChat);
    });
    expect(span?.attributes[ATTR.genAiOutputMessages]).toContain("héllo");
  });

  it("survives requests and answers that do not like to be looked at", () => {
    const hostile = new Proxy({}, { get: () => expect.fail("looked"), ownKeys: () => expect.fail("looked") });
    const { proxy, revoke } = Proxy.revocable([], {});
    revoke();
    for (const value of [hostile, proxy, { messages: [proxy] }, null, 7, "text", Symbol("s")]) {
      expect(() => recorded(ON, value, (recording) => recording.content?.whole(value))).not.toThrow();
    }
  });
});

describe("messages of a request", () => {
  const text = (content: string): object => ({ type: "text", content });

  it.each([
    ["a list", { messages: [{ role: "user", content: [{ type: "text", text: "a" }] }] }],
    ["a plain prompt", { prompt: "a" }],
    ["a plain input", { input: "a" }],
    ["input items", { input: [{ type: "message", role: "user", content: [{ type: "input_text", text: "a" }] }] }],
    ["Gemini's contents", { contents: [{ role: "user", parts: [{ text: "a" }] }] }],
    ["Gemini's parts", { contents: [{ text: "a" }] }],
    ["LangChain's lists", { messages: [[{ type: "human", content: "a" }]] }],
    ["parts of the AI SDK", { prompt: [{ role: "user", content: [{ type: "text", text: "a" }] }] }],
  ])("are read from %s", (_name, request) => {
    expect(readAsked(request).messages).toEqual([{ role: "user", parts: [text("a")] }]);
  });

  it.each([
    [{ instructions: "be brief" }],
    [{ system: [{ type: "text", text: "be brief" }] }],
    [{ config: { systemInstruction: "be brief" } }],
  ])("have their instructions beside them: %j", (request) => {
    expect(readAsked(request).system).toEqual([text("be brief")]);
  });

  it("name tools and files without copying a file", () => {
    const { messages: read } = readAsked({
      messages: [
        { role: "user", content: [{ type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } }] },
        { role: "assistant", tool_calls: [{ id: "1", function: { name: "look", arguments: '{"a":1}' } }] },
        { role: "tool", tool_call_id: "1", content: "found" },
      ],
    });
    expect(read).toEqual([
      { role: "user", parts: [{ type: "image_url" }] },
      { role: "assistant", parts: [{ type: "tool_call", id: "1", name: "look", arguments: '{"a":1}' }] },
      { role: "tool", parts: [{ type: "tool_call_response", id: "1", response: "found" }] },
    ]);
  });

  it.each([
    ["OpenAI", { choices: [{ message: { role: "assistant", content: "a" }, finish_reason: "stop" }] }, "stop"],
    ["completions", { choices: [{ text: "a", finish_reason: "stop" }] }, "stop"],
    ["Responses", { output: [{ type: "message", content: [{ type: "output_text", text: "a" }] }] }, undefined],
    ["Anthropic", { role: "assistant", content: [{ type: "text", text: "a" }], stop_reason: "end_turn" }, "end_turn"],
    ["Gemini", { candidates: [{ content: { parts: [{ text: "a" }] }, finishReason: "STOP" }] }, "STOP"],
    ["Ollama", { message: { role: "assistant", content: "a" }, done_reason: "stop" }, "stop"],
    ["Ollama's generate", { response: "a", done_reason: "stop" }, "stop"],
    ["LangChain", { generations: [[{ text: "a", message: { content: "a" } }]] }, undefined],
  ])("are read from an answer of %s", (_name, answer, reason) => {
    expect(readAnswered(answer)).toEqual([
      { role: "assistant", parts: [text("a")], ...(reason !== undefined && { finish_reason: reason }) },
    ]);
  });

  it("are none in an answer of no known shape", () => {
    expect([readAnswered({ data: [] }), readAnswered("text"), readAnswered(undefined)]).toEqual([[], [], []]);
  });
});

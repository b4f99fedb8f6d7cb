/** Rows 5, 8, 16 and 19: what OpenAI's own client makes of it. */
import { APIError } from "openai";
import { describe, expect, it } from "vitest";
import { POLICIES, useGateway } from "../../harness/gateway/fixture.ts";

const messages = [{ role: "user" as const, content: "hi" }];
const TEXT = 'Hello, na\u00efve w\u00f6rld \u65e5\u672c \ud83d\ude00 quoted "x" \\ back';

describe.each(POLICIES)("the openai client under %s", (usage) => {
  const fixture = useGateway({ usage });

  it("G05 puts text and parallel tool calls with split escapes together", async () => {
    const text = await fixture.client.chat.completions.stream({ model: "text", messages }).finalChatCompletion();
    expect(text.choices[0]?.message.content).toBe(TEXT);
    const tools = await fixture.client.chat.completions.stream({ model: "tools", messages }).finalChatCompletion();
    const calls = (tools.choices[0]?.message.tool_calls ?? []).map((call) => call.type === "function" && call.function);
    expect(calls).toMatchObject([
      { name: "search", arguments: '{"q":"\\u00e9 \\"x\\""}' },
      { name: "count", arguments: '{"n":1}' },
    ]);
    expect(tools.choices[0]?.finish_reason).toBe("tool_calls");
  });

  it.each(["comments", "crlf", "no-space", "bytewise"])("G08 reads a stream with %s framing", async (model) => {
    const stream = await fixture.client.chat.completions.create({ model, messages, stream: true });
    let seen = "";
    for await (const chunk of stream) seen += chunk.choices[0]?.delta.content ?? "";
    expect(seen).toBe(TEXT);
  });

  it("G16 an error event inside the stream passes, and the client throws it after what came before", async () => {
    const stream = await fixture.client.chat.completions.create({ model: "error-event", messages, stream: true });
    let seen = "";
    const read = async (): Promise<void> => {
      for await (const chunk of stream) seen += chunk.choices[0]?.delta.content ?? "";
    };
    const error: unknown = await read().then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(APIError);
    expect(String(error)).toContain("the engine died");
    expect(seen).toBe("Hello, ");
  });

  it("G19 the client's own retry honours retry-after-ms, with one upstream request per try", async () => {
    const startMs = performance.now();
    const patient = fixture.client.withOptions({ maxRetries: 2 });
    const completion = await patient.chat.completions.create({ model: "busy-twice", messages });
    expect(completion.choices[0]?.message.content).toBe("na\u00efve \ud83d\ude00");
    expect(fixture.upstream.requests.map((request) => request.headers["x-stainless-retry-count"])).toEqual([
      "0",
      "1",
      "2",
    ]);
    // Two waits of 120 ms; without the header the client would have waited half a second at least.
    expect(performance.now() - startMs).toBeGreaterThan(235);
    expect(performance.now() - startMs).toBeLessThan(900);
  });
});

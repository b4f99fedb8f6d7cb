import { describe, expect, it } from "vitest";
import { wrapAnthropic } from "./anthropic.ts";
import { wrapGoogleGenAI } from "./genai.ts";
import { wrapOllama } from "./ollama.ts";
import { wrapOpenAI } from "./openai.ts";

const WRAPPERS = [
  ["wrapOpenAI", wrapOpenAI],
  ["wrapAnthropic", wrapAnthropic],
  ["wrapGoogleGenAI", wrapGoogleGenAI],
  ["wrapOllama", wrapOllama],
] as const;

function hostile(): object {
  const boom = (): never => {
    throw new Error("hostile");
  };
  return new Proxy({}, { get: boom, has: boom, getOwnPropertyDescriptor: boom, defineProperty: boom });
}

describe.each(WRAPPERS)("%s", (_name, wrap) => {
  it("returns whatever it is given, and never throws", () => {
    const odd: unknown[] = [undefined, null, 7, "client", () => 1, {}, { chat: 1 }, Object.freeze({}), hostile()];
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- types are what an application may ignore
    for (const value of odd) expect(wrap(value as object)).toBe(value);
  });

  it("leaves a client of another shape as it is", () => {
    const client = { fetch: "no function", chat: { completions: {} }, messages: {}, models: {}, config: undefined };
    const before = JSON.stringify(client);
    expect(wrap(client)).toBe(client);
    expect(JSON.stringify(client)).toBe(before);
  });
});

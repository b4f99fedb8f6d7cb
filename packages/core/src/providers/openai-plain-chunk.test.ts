import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { utf8Length } from "../utf8.ts";
import type { Fields } from "./json-fields.ts";
import { fillEvent, readChunk } from "./openai-chunk.ts";
import { readPlainChunk, readText } from "./openai-plain-chunk.ts";
import { emptyStreamEvent, type StreamEvent } from "./provider.ts";

const PLAIN = {
  id: "chatcmpl-1",
  object: "chat.completion.chunk",
  model: "gpt-4o",
  choices: [{ index: 0, delta: { content: "Zürich" }, logprobs: null, finish_reason: null }],
  usage: null,
};

/** A chunk with other members at its three levels. */
function chunkWith(chunk: Fields, choice: Fields, delta: Fields): Fields {
  const [plain] = PLAIN.choices;
  return { ...PLAIN, choices: [{ ...plain, delta: { content: "Zürich", ...delta }, ...choice }], ...chunk };
}

/** What the full reading finds. */
function fully(chunk: Fields): StreamEvent {
  const event = emptyStreamEvent();
  fillEvent(event, chunk);
  return event;
}

function quickly(chunk: Fields): StreamEvent {
  const event = emptyStreamEvent();
  readChunk(chunk, event);
  return event;
}

/** Every name the full reading looks at, level by level. */
function namesLookedAt(): Readonly<Record<"chunk" | "choice" | "delta", readonly string[]>> {
  const seen = { chunk: new Set<string>(), choice: new Set<string>(), delta: new Set<string>() };
  const watched = (level: keyof typeof seen, target: object): object =>
    new Proxy(target, {
      get(_target, name) {
        if (typeof name === "string") seen[level].add(name);
        return Reflect.get(target, name);
      },
    });
  const delta = watched("delta", { content: "a" });
  const choice = watched("choice", { index: 0, delta });
  fillEvent(emptyStreamEvent(), watched("chunk", { choices: [choice] }) as Fields);
  return { chunk: [...seen.chunk], choice: [...seen.choice], delta: [...seen.delta] };
}

/** Values that say something under one name or another. */
const LOUD = [
  "text",
  7,
  0,
  false,
  true,
  [],
  {},
  [{ type: "reasoning.summary", summary: "s", function: { name: "f", arguments: "{}" }, image_url: { url: "u" } }],
  { completion_tokens: 3, usage: { completion_tokens: 3 }, predicted_n: 3, queue_time_ms: 3, data: "d", name: "f" },
  { content: "other", reasoning: "r" },
];

describe("the quick reading of a plain chunk", () => {
  it("is taken for the chunks that most streams consist of", () => {
    expect(readPlainChunk(PLAIN, emptyStreamEvent())).toBe(true);
    expect(quickly(PLAIN)).toMatchObject({ kinds: 1, kind: "text", outputBytes: 7, choiceCount: 1, type: "chunk" });
    expect(readPlainChunk(chunkWith({}, { finish_reason: "stop" }, { content: null }), emptyStreamEvent())).toBe(true);
  });

  it("finds what the full reading finds, whatever stands under any name that one looks at", () => {
    const names = namesLookedAt();
    expect(names.delta).toContain("reasoning_content");
    for (const value of [...LOUD, null, undefined]) {
      for (const name of names.chunk) expectSame(chunkWith({ [name]: value }, {}, {}));
      for (const name of names.choice) expectSame(chunkWith({}, { [name]: value }, {}));
      for (const name of names.delta) expectSame(chunkWith({}, {}, { [name]: value }));
    }
  });

  it("finds what the full reading finds in any mixture", () => {
    const names = namesLookedAt();
    const members = (of: readonly string[]): fc.Arbitrary<Fields> =>
      fc.dictionary(fc.constantFrom(...of), fc.constantFrom(...LOUD, null), { maxKeys: 2 });
    fc.assert(
      fc.property(members(names.chunk), members(names.choice), members(names.delta), (chunk, choice, delta) => {
        expectSame(chunkWith(chunk, choice, delta));
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("the text of a chunk that says nothing else", () => {
  it("is read alone", () => {
    expect(readText(PLAIN)).toBe("Zürich");
    expect(readText(chunkWith({}, { finish_reason: "" }, {}))).toBe("Zürich");
  });

  it("is left to the full reading where there is more, or nothing", () => {
    for (const more of [
      chunkWith({}, { finish_reason: "stop" }, {}),
      chunkWith({}, { index: 1 }, {}),
      chunkWith({ usage: { completion_tokens: 1 } }, {}, {}),
      chunkWith({}, {}, { content: "" }),
      chunkWith({}, {}, { content: null }),
      chunkWith({ choices: [] }, {}, {}),
    ]) {
      expect(readText(more)).toBeUndefined();
    }
    for (const none of [undefined, null, "text", [], Object.create(null), new Proxy({}, { get: () => fail() })]) {
      expect(readText(none)).toBeUndefined();
    }
  });
});

function fail(): never {
  throw new Error("no member may be read");
}

function expectSame(chunk: Fields): void {
  // Without choices it is no chunk, and nothing is read.
  if (!Array.isArray(chunk["choices"])) return;
  const whole = fully(chunk);
  expect(quickly(chunk)).toEqual(whole);
  const text = readText(chunk);
  if (text === undefined) return;
  const { responseModel, responseId } = whole;
  const alone = { kinds: 1, kind: "text", outputBytes: utf8Length(text), choiceCount: 1 };
  expect(whole).toEqual({ ...emptyStreamEvent(), ...alone, responseModel, responseId });
}

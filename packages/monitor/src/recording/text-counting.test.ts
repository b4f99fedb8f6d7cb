import type { CountedText } from "@nexent/monitor-core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createTextKeeper, type AnswerText } from "./answer-text.ts";
import { createTextCounting, type TextCounting } from "./text-counting.ts";
import type { Tokenizer } from "../config/tokenizer.ts";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

const words: Tokenizer = (text) => text.split(" ").length - 1;

function textOf(...deltas: string[]): AnswerText {
  const text = createTextKeeper().open();
  for (const delta of deltas) text.add("text", delta);
  return text;
}

/** Adds a job; what it was told comes into `told`. */
function add(counting: TextCounting, text: AnswerText, tokenizer: Tokenizer, told: (CountedText | undefined)[]): void {
  const { leadingReasoning = "", rest = "" } = text.read() ?? {};
  const outputBytes = new TextEncoder().encode(leadingReasoning + rest).length;
  counting.add({ text, outputBytes, tokenizer, model: "m", done: (counted) => told.push(counted) });
}

describe("counting texts", () => {
  it("happens after the turn in which an answer ended, and lets go of the text", () => {
    const told: (CountedText | undefined)[] = [];
    const text = textOf(" one", " two", " three");
    add(
      createTextCounting(() => 0),
      text,
      words,
      told,
    );
    expect(told).toEqual([]);
    vi.runAllTimers();
    expect(told).toEqual([{ leadingReasoning: 0, rest: 3 }]);
    expect([text.complete, vi.getTimerCount()]).toEqual([false, 0]);
  });

  it("keeps reasoning before the answer apart", () => {
    const told: (CountedText | undefined)[] = [];
    const text = createTextKeeper().open();
    for (const [kind, delta] of [
      ["reasoning", " a b"],
      ["tool", " c"],
      ["reasoning", " d"],
      ["text", " e"],
    ] as const)
      text.add(kind, delta);
    add(
      createTextCounting(() => 0),
      text,
      words,
      told,
    );
    vi.runAllTimers();
    expect(told).toEqual([{ leadingReasoning: 2, rest: 3 }]);
  });

  it("hands over pieces of at most 2 000 bytes, cut before white space and never inside a character", () => {
    for (const text of [
      "word ".repeat(5000),
      "的".repeat(3000),
      "x".repeat(7001),
      "😀".repeat(2000),
      "a 的 ".repeat(900),
    ]) {
      const pieces: string[] = [];
      const told: (CountedText | undefined)[] = [];
      add(
        createTextCounting(() => 0),
        textOf(text),
        (piece) => pieces.push(piece) && 1,
        told,
      );
      vi.runAllTimers();
      expect(pieces.join("")).toBe(text);
      expect(told).toEqual([{ leadingReasoning: 0, rest: pieces.length }]);
      for (const piece of pieces) {
        expect(new TextEncoder().encode(piece).length).toBeLessThanOrEqual(2000);
        expect(piece).not.toMatch(/\p{Surrogate}/u);
      }
      if (text.startsWith("word ")) for (const piece of pieces.slice(1)) expect(piece[0]).toBe(" ");
    }
  });

  it("gives other work a turn every 10 ms", () => {
    let nowMs = 0;
    const told: (CountedText | undefined)[] = [];
    const slow: Tokenizer = () => {
      nowMs += 4;
      return 1;
    };
    const counting = createTextCounting(() => nowMs);
    add(counting, textOf("x".repeat(20_000)), slow, told);
    const turns: number[] = [];
    while (vi.getTimerCount() > 0) {
      const before = nowMs;
      vi.runOnlyPendingTimers();
      turns.push(nowMs - before);
    }
    expect(told).toEqual([{ leadingReasoning: 0, rest: 10 }]);
    expect(Math.max(...turns)).toBeLessThanOrEqual(12);
    expect(turns.length).toBeGreaterThan(3);
  });

  it.each<[string, Tokenizer]>([
    [
      "throws",
      () => {
        throw new Error("no");
      },
    ],
    ["does not know the model", () => undefined],
    ["answers nonsense", () => -1],
    ["answers a fraction", () => 0.5],
  ])("gives up an answer when the tokenizer %s, and goes on with the next", (_, tokenizer) => {
    const told: (CountedText | undefined)[] = [];
    const counting = createTextCounting(() => 0);
    add(counting, textOf(" a"), tokenizer, told);
    add(counting, textOf(" a b"), words, told);
    vi.runAllTimers();
    expect(told).toEqual([undefined, { leadingReasoning: 0, rest: 2 }]);
  });

  it("gives up a text that is not the whole answer", () => {
    const told: (CountedText | undefined)[] = [];
    const done = (counted?: CountedText): void => void told.push(counted);
    createTextCounting(() => 0).add({ text: textOf("part"), outputBytes: 5, tokenizer: words, model: "m", done });
    vi.runAllTimers();
    expect(told).toEqual([undefined]);
  });

  it("tells everybody at the close, once, in the order they came, and nobody's throw stops it", () => {
    const told: string[] = [];
    const counting = createTextCounting(() => 0);
    for (const name of ["a", "b", "c"]) {
      counting.add({
        text: textOf(" x"),
        outputBytes: 2,
        tokenizer: words,
        model: "m",
        done(counted) {
          told.push(`${name}:${JSON.stringify(counted)}`);
          throw new Error("a record that cannot be written");
        },
      });
    }
    counting.close();
    add(counting, textOf(" late"), words, []);
    vi.runAllTimers();
    expect(told).toEqual(["a:undefined", "b:undefined", "c:undefined"]);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("kept text", () => {
  it("is whole, however many pieces it came in", () => {
    const text = createTextKeeper().open();
    const pieces = Array.from({ length: 1000 }, (_, i) => `${i} `);
    for (const piece of pieces.slice(0, 300)) text.add("reasoning", piece);
    for (const piece of pieces.slice(300)) text.add("text", piece);
    expect(text.read()).toEqual({
      leadingReasoning: pieces.slice(0, 300).join(""),
      rest: pieces.slice(300).join(""),
    });
  });

  it("is given up past the bound of one answer, for audio, and by drop", () => {
    const keeper = createTextKeeper(1000, 10_000);
    const long = keeper.open();
    for (let i = 0; i < 10; i += 1) long.add("text", "x".repeat(50));
    expect(long.complete).toBe(true);
    long.add("text", "x");
    expect([long.complete, long.read()]).toEqual([false, undefined]);
    const spoken = keeper.open();
    spoken.add("text", "a");
    spoken.add("audio", "UklGRg==");
    spoken.add("text", "b");
    expect(spoken.complete).toBe(false);
    expect(keeper.open().read()).toBeUndefined();
  });

  it("is bounded in all, and what is dropped makes room again", () => {
    const keeper = createTextKeeper(1000, 2000);
    const fill = (): AnswerText[] =>
      Array.from({ length: 4 }, () => {
        const text = keeper.open();
        text.add("text", "x".repeat(300));
        return text;
      });
    const texts = fill();
    expect(texts.map(({ complete }) => complete)).toEqual([true, true, true, false]);
    for (const text of texts) text.drop();
    for (const text of texts) text.drop();
    expect(fill().map(({ complete }) => complete)).toEqual([true, true, true, false]);
  });
});

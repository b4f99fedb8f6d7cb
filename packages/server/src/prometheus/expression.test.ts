import { describe, expect, it } from "vitest";
import { readExpression, readSelectors } from "./expression.ts";
import { QueryFault } from "./query-fault.ts";

function refusal(text: string): readonly [type: string, message: string] {
  try {
    readExpression(text);
  } catch (error) {
    if (error instanceof QueryFault) return [error.errorType, error.message];
    throw error;
  }
  throw new Error(`${text} was not refused`);
}

const UP = [{ name: "__name__", op: "=", value: "up" }];

describe("an expression", () => {
  it.each([
    ["1+1", 2],
    ["-(2 - 3) * 4 / 8", 0.5],
    ["7 % -4", 3],
    ["-7 % 4", -3],
    ["1 / 0", Infinity],
    ["2 - -1", 3],
    ["# comment\n(((1)))", 1],
  ])("of constants is computed: %s", (text, value) => expect(readExpression(text)).toEqual({ kind: "number", value }));

  it("of a string is that string", () => {
    expect(readExpression("('a')")).toEqual({ kind: "string", value: "a" });
  });

  it.each([
    ["up", { matchers: UP, offsetMs: 0 }],
    ["(up)", { matchers: UP, offsetMs: 0 }],
    ["up offset 5m", { matchers: UP, offsetMs: 300_000 }],
    ["up offset -1h30m @ 1.5", { matchers: UP, offsetMs: -5_400_000, at: { atMs: 1500 } }],
    ["up @ start() offset 1s", { matchers: UP, offsetMs: 1_000, at: "start" }],
    ["up[5m] @ end()", { matchers: UP, offsetMs: 0, rangeMs: 300_000, at: "end" }],
    ["sum", { matchers: [{ ...UP[0], value: "sum" }], offsetMs: 0 }],
    [
      'a:b{job="x",i!="y",c=~"z.*",d!~`q`,}',
      {
        matchers: [
          { name: "__name__", op: "=", value: "a:b" },
          { name: "job", op: "=", value: "x" },
          { name: "i", op: "!=", value: "y" },
          { name: "c", op: "=~", value: "z.*" },
          { name: "d", op: "!~", value: "q" },
        ],
        offsetMs: 0,
      },
    ],
    ['{"up"}', { matchers: UP, offsetMs: 0 }],
  ])("may select: %s", (text, selector) => expect(readExpression(text)).toEqual({ kind: "selector", selector }));

  it.each([
    ["rate(up[5m])", "the function rate()"],
    ["histogram_quantile(0.9, x)", "the function histogram_quantile()"],
    ["sum by (job) (up)", "the aggregation sum()"],
    ["up + 1", "an operator on series"],
    ["-up", "an operator on series"],
    ["up[5m:1m]", "a subquery"],
    ["2 ^ 3", "the operator ^"],
    ["1 == bool 1", "the operator =="],
    ["time()", "the function time()"],
    ["up offset (1m + 1m)", "the duration"],
  ])("that needs evaluation is refused, and says what: %s", (text, what) => {
    const [type, message] = refusal(text);
    expect(type).toBe("execution");
    expect(message).toMatch(/Prometheus that scrapes/);
    expect(message.startsWith(what)).toBe(true);
  });

  it.each([
    "",
    "  # nothing",
    "sum(",
    "up{",
    "up{job=x}",
    'up{job="x}',
    "{}",
    '{job=""}',
    '{job=~".*"}',
    'up{__name__="down"}',
    'up{job=~"("}',
    'up{job=~"(?=a)"}',
    "up offset 5",
    "up[0s]",
    "up offset 1m offset 2m",
    "up @ 1 @ 2",
    "up @ Inf",
    "1 1",
    '"a',
    "up)",
  ])("that is no PromQL is refused: %j", (text) => expect(refusal(text)[0]).toBe("bad_data"));

  it("has limits", () => {
    expect(refusal(`${"(".repeat(60)}1${")".repeat(60)}`)).toEqual(["bad_data", "an expression may be nested 50 deep"]);
    expect(refusal("1" + "+1".repeat(60))[1]).toMatch(/50 deep/);
    expect(refusal(`up{a="${"x".repeat(16_384)}"}`)[1]).toMatch(/16384 bytes/);
    expect(readExpression("1" + "+1".repeat(49))).toEqual({ kind: "number", value: 50 });
  });

  it("of any kind shows its selectors", () => {
    expect(readSelectors('histogram_quantile(0.9, rate(a[5m])) / b{c="d"}').map((one) => one[0]?.value)).toEqual([
      "a",
      "b",
    ]);
    expect(readSelectors("1")).toEqual([]);
  });
});

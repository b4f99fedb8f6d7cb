import { describe, expect, it } from "vitest";
import { boundText, valueText } from "./number-text.ts";
import { durationMsOf, numberOf, stringOf } from "./promql-literals.ts";
import { QueryFault } from "./query-fault.ts";

describe("PromQL literals", () => {
  it.each([
    ['"a\\nb"', "a\nb"],
    ["'it\\'s'", "it's"],
    ['"\\x41\\u00e9\\U0001F600\\101"', "Aé😀A"],
    ["`raw \\n\n`", "raw \\n\n"],
    ['"\\\\"', "\\"],
    ['""', ""],
  ])("reads the string %s", (text, value) => expect(stringOf(text)).toBe(value));

  it.each(['"', '"abc', '"\\q"', '"\\\'"', '"a\nb"', '"\\xff"', '"\\ud800"', '"\\U00110000"', '"abc\\"'])(
    "refuses the string %j",
    (text) => expect(() => stringOf(text)).toThrow(QueryFault),
  );

  it.each([
    ["1", 1],
    ["-.5e-3", -0.0005],
    ["1.", 1],
    ["0x1F", 31],
    ["010", 8],
    ["08", 8],
    ["Inf", Infinity],
    ["-inf", -Infinity],
    ["+NaN", NaN],
    ["9007199254740993", 9007199254740992],
  ])("reads the number %s", (text, value) => expect(numberOf(text)).toBe(value));

  it.each(["5m", "1_000", "0xfffffffffffffffff", "", "--1"])("refuses the number %j", (text) =>
    expect(() => numberOf(text)).toThrow(QueryFault),
  );

  it.each([
    ["1h30m", 5_400_000],
    ["1y2w3d4h5m6s7ms", ((365 + 14 + 3) * 24 + 4) * 3_600_000 + 306_007],
    ["0", 0],
    ["0s", 0],
    ["5", undefined],
    ["", undefined],
    ["1m1h", undefined],
    ["1.5h", undefined],
    ["99999999999999y", undefined],
  ])("reads the duration %j", (text, durationMs) => expect(durationMsOf(text)).toBe(durationMs));
});

describe("numbers of answers", () => {
  it.each([
    [0, "0"],
    [-0, "-0"],
    [0.1 + 0.2, "0.30000000000000004"],
    [1e-7, "1e-07"],
    [0.000001, "0.000001"],
    [123456789012345680000, "123456789012345680000"],
    [1e21, "1e+21"],
    [5e-324, "5e-324"],
    [NaN, "NaN"],
    [Infinity, "+Inf"],
    [-Infinity, "-Inf"],
  ])("prints the value %d as Prometheus does", (value, text) => expect(valueText(value)).toBe(text));

  it.each([
    [1, "1.0"],
    [0, "0.0"],
    [0.005, "0.005"],
    [100_000, "100000.0"],
    [1_000_000, "1e+06"],
    [1_500_000, "1.5e+06"],
    [0.00001, "1e-05"],
    [Infinity, "+Inf"],
  ])("prints the bound %d as OpenMetrics does", (value, text) => expect(boundText(value)).toBe(text));
});

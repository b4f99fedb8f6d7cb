import { describe, expect, it } from "vitest";
import { parseGoDuration } from "./duration.ts";

describe("parseGoDuration", () => {
  it("reads durations as Go writes them", () => {
    const nanos = (text: string) => Number(parseGoDuration(text));
    expect(nanos("100ms")).toBe(100e6);
    expect(nanos("1.2s")).toBe(1.2e9);
    expect(nanos("1h30m")).toBe(5_400e9);
    expect(nanos("2us")).toBe(2_000);
    expect(nanos("2µs")).toBe(2_000);
    expect(nanos("2μs")).toBe(2_000);
    expect(nanos("7ns")).toBe(7);
    expect(nanos(".5s")).toBe(5e8);
    expect(nanos("0")).toBe(0);
    expect(nanos("1m0.5s")).toBe(60.5e9);
  });

  it("refuses everything else", () => {
    for (const text of [
      "",
      "1",
      "-1s",
      "1 s",
      "s",
      "1d",
      "1s ",
      "1e3s",
      "1..2s",
      "99999999999999999999s",
      "999999999999h",
    ]) {
      expect(parseGoDuration(text), text).toBeUndefined();
    }
  });
});

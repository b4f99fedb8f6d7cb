import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createFormat } from "./format.ts";

const en = createFormat("en");
const zh = createFormat("zh-CN");
/** Tests write an ordinary space for readability. */
const plain = (text: string | undefined) => text?.replaceAll("\u00a0", " ");

describe("durations", () => {
  it.each([
    [0, "0 ms"],
    [0.00042, "0.42 ms"],
    [0.000996, "1 ms"],
    [0.412, "412 ms"],
    [0.9994, "999 ms"],
    [0.9996, "1.00 s"],
    [1.24, "1.24 s"],
    [9.994, "9.99 s"],
    [9.996, "10.0 s"],
    [73.1, "73.1 s"],
    [99.96, "1 m 40 s"],
    [125, "2 m 05 s"],
    [3599.6, "1 h 00 m"],
    [4_000, "1 h 07 m"],
    [-0.52, "−520 ms"],
  ])("write %d s as %s", (seconds, text) => {
    expect(plain(en.duration(seconds))).toBe(text);
  });

  it("use Chinese words for minutes and hours only", () => {
    expect(plain(zh.duration(125))).toBe("2 分 05 秒");
    expect(plain(zh.duration(4_000))).toBe("1 小时 07 分");
    expect(plain(zh.duration(1.24))).toBe("1.24 s");
  });

  it("read back within half of their last digit", () => {
    const value = (text: string) => {
      const match = /^([\d.,]+) (ms|s)$/.exec(plain(text) ?? "");
      if (match === null) return undefined;
      return Number(match[1]?.replace(",", "")) * (match[2] === "ms" ? 1e-3 : 1);
    };
    fc.assert(
      fc.property(fc.double({ min: 1e-5, max: 99, noNaN: true }), (seconds) => {
        const read = value(en.duration(seconds));
        expect(read).toBeDefined();
        const lastDigit = seconds < 0.995e-3 ? 1e-5 : seconds < 0.9995 ? 1e-3 : seconds < 9.995 ? 0.01 : 0.1;
        expect(Math.abs((read ?? 0) - seconds)).toBeLessThanOrEqual(lastDigit * 0.5001);
      }),
    );
  });
});

describe("speeds, counts and shares", () => {
  it.each([
    [6.314, "6.31"],
    [55.71, "55.7"],
    [128.4, "128"],
    [1_234, "1,230"],
  ])("write a speed of %d as %s", (value, text) => expect(en.speed(value)).toBe(text));

  it.each([
    [8_410, "8,410"],
    [9_999, "9,999"],
    [10_000, "10.0k"],
    [51_234, "51.2k"],
    [999_600, "1.00M"],
    [1_234_567, "1.23M"],
  ])("write a count of %d as %s", (value, text) => expect(en.count(value)).toBe(text));

  it.each([
    [0, "0 %"],
    [0.0004, "<0.1 %"],
    [0.004, "0.4 %"],
    [0.0996, "10 %"],
    [0.13, "13 %"],
    [1, "100 %"],
  ])("write a share of %d as %s", (value, text) => expect(plain(en.share(value))).toBe(text));

  it.each([
    [108, 100, "↑8 %"],
    [210, 100, "↑2.1x"],
    [40, 100, "↓60 %"],
    [100, 100, "±0 %"],
  ])("write %d after %d as %s", (now, before, text) => expect(plain(en.change(now, before))).toBe(text));

  it("give no change without a base", () => {
    expect(en.change(3, 0)).toBeUndefined();
    expect(en.change(3, undefined)).toBeUndefined();
  });

  it.each([
    [42.1, "42.1 /s"],
    [0.1, "0.100 /s"],
    [0.00833, "0.500 /min"],
    [0, "0 /s"],
  ])("write a rate of %d a second as %s", (value, text) => expect(plain(en.perSecond(value))).toBe(text));

  it("write bytes in binary units", () => {
    expect(plain(en.bytes(1.2 * 1024 ** 3))).toBe("1.2 GiB");
    expect(plain(en.bytes(512))).toBe("512 B");
  });

  it("show a dash for what is unknown, never a zero", () => {
    for (const write of [en.duration, en.speed, en.rate, en.count, en.share, en.bytes]) {
      expect(write(undefined)).toBe("–");
      expect(write(Number.NaN)).toBe("–");
    }
  });
});

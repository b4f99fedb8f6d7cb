import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jsonDepthExceeds } from "./json-depth.ts";

function depthOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

describe("jsonDepthExceeds", () => {
  it("agrees with the parsed value at every limit, for text and bytes", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), fc.nat(8), (value, limit) => {
        const text = JSON.stringify(value);
        const expected = depthOf(value) > limit;
        expect(jsonDepthExceeds(text, limit)).toBe(expected);
        expect(jsonDepthExceeds(new TextEncoder().encode(text), limit)).toBe(expected);
      }),
    );
  });

  it.each([
    ['"[[[[[["', false],
    ['"\\"[[[["', false],
    ['"\\\\"[[', true],
    ['["\\\\\\"[[", 1]', false],
    ['"[[ never closed', false],
    ['"\\', false],
    ["[[]", true],
    ['{"a":[', true],
    ["", false],
  ])("is aware of strings in %s", (text, expected) => {
    expect(jsonDepthExceeds(text, 1)).toBe(expected);
    expect(jsonDepthExceeds(new TextEncoder().encode(text), 1)).toBe(expected);
  });

  it("stops at the first bracket too many", () => {
    expect(jsonDepthExceeds("[".repeat(5_000_000), 160)).toBe(true);
    expect(jsonDepthExceeds("[".repeat(160), 160)).toBe(false);
  });
});

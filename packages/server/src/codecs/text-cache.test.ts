import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TextCache } from "./text-cache.ts";

describe("TextCache", () => {
  it("gives the text of the bytes, whatever was asked before and falls on the same slot", () => {
    const text = fc.oneof(
      fc.uint8Array({ maxLength: 10 }),
      fc.constantFrom("gen_ai.é", "\ufeffa", "").map((given) => Buffer.from(given)),
    );
    fc.assert(
      fc.property(fc.array(text, { maxLength: 40 }), (asked) => {
        const cache = new TextCache(4, 8);
        for (const bytes of asked) {
          const source = Buffer.concat([Buffer.from("<"), bytes, Buffer.from(">")]);
          expect(cache.textOf(source, 1, bytes.length)).toBe(Buffer.from(bytes).toString("utf8"));
        }
      }),
    );
  });

  it("keeps no view of the bytes it was given", () => {
    const cache = new TextCache(4, 8);
    const source = Buffer.from("model");
    expect(cache.textOf(source, 0, 5)).toBe("model");
    source.write("mocha");
    expect(cache.textOf(source, 0, 5)).toBe("mocha");
    expect(cache.textOf(Buffer.from("model"), 0, 5)).toBe("model");
  });
});

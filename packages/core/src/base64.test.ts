import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeBase64, encodeBase64, portableBase64 } from "./base64.ts";

describe("base64", () => {
  it("writes what every other encoder writes and reads it back", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const text = encodeBase64(bytes);
        expect(text).toBe(Buffer.from(bytes).toString("base64"));
        expect(portableBase64(bytes)).toBe(text);
        expect(decodeBase64(text)).toEqual(bytes);
      }),
    );
  });

  it.each(["A", "AB", "ABC", "A===", "====", "AB=C", "A B=", "AA-_", "AAA\u00e9", "AAAA="])("refuses %j", (text) => {
    expect(decodeBase64(text)).toBeUndefined();
  });

  it("never throws on any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        decodeBase64(text);
      }),
    );
  });
});

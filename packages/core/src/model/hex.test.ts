import * as fc from "fast-check";
import { expect, it } from "vitest";
import { bytesToHex, hexToBytes } from "./hex.ts";

it("turns bytes into hex and back, in either case", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 20 }), (bytes) => {
      expect(hexToBytes(bytesToHex(bytes))).toEqual(bytes);
      expect(hexToBytes(bytesToHex(bytes).toUpperCase())).toEqual(bytes);
    }),
  );
});

it("knows no other text", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: "binary", maxLength: 8 }), fc.string({ maxLength: 4 })), (text) => {
      expect(hexToBytes(text) !== undefined).toBe(/^([0-9a-fA-F]{2})*$/.test(text));
    }),
    { numRuns: 1_000 },
  );
});

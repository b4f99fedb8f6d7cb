import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isUtf8, latin1Of, portableLatin1Of, utf8Length, utf8OfLatin1 } from "./utf8.ts";

const encoder = new TextEncoder();
const anyText = fc.string({ unit: "binary", maxLength: 60 });

describe("utf8Length", () => {
  it("is the number of bytes the encoder writes, lone surrogates included", () => {
    const units = fc.array(fc.nat(0xffff), { maxLength: 40 }).map((codes) => String.fromCharCode(...codes));
    fc.assert(
      fc.property(fc.oneof(anyText, units), (text) => {
        expect(utf8Length(text)).toBe(encoder.encode(text).length);
      }),
    );
    expect(utf8Length("你好 é 🙂 \ud800")).toBe(encoder.encode("你好 é 🙂 \ud800").length);
  });
});

describe("latin1Of", () => {
  it("gives one character per byte of the piece, with and without the runtime's buffer", () => {
    const bytes = Uint8Array.from({ length: 10_000 }, (_, i) => i % 256);
    const inside = bytes.subarray(3, 9_000);
    for (const convert of [latin1Of, portableLatin1Of]) {
      const text = convert(inside, 5, 8_500);
      expect(text).toHaveLength(8_495);
      for (let i = 0; i < 300; i += 1) expect(text.charCodeAt(i)).toBe(inside[5 + i]);
    }
    expect(latin1Of(inside, 0, 8_000)).toBe(portableLatin1Of(inside, 0, 8_000));
    expect(latin1Of(bytes, 4, 4)).toBe("");
  });

  it("is undone by utf8OfLatin1", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const bytes = encoder.encode(text);
        expect(utf8OfLatin1(latin1Of(bytes, 0, bytes.length))).toBe(
          new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes),
        );
      }),
    );
  });
});

describe("isUtf8", () => {
  it("agrees with a strict decoder on any bytes", () => {
    const strict = new TextDecoder("utf-8", { fatal: true });
    const isValid = (bytes: Uint8Array): boolean => {
      try {
        strict.decode(bytes);
        return true;
      } catch {
        return false;
      }
    };
    const text = anyText.map((value) => encoder.encode(value));
    const tricky = fc.uint8Array({ min: 0x7f, max: 0xff, maxLength: 4 });
    const edges = fc.constantFrom(
      [0xc0, 0x80],
      [0xe0, 0x9f, 0xbf],
      [0xed, 0xa0, 0x80],
      [0xf0, 0x8f, 0xbf, 0xbf],
      [0xf4, 0x90, 0x80, 0x80],
      [0xf4, 0x8f, 0xbf, 0xbf],
      [0xef, 0xbf, 0xbf],
    );
    fc.assert(
      fc.property(
        fc.oneof(
          text,
          tricky,
          edges.map((values) => Uint8Array.from(values)),
        ),
        (bytes) => {
          const latin1 = latin1Of(bytes, 0, bytes.length);
          expect(isUtf8(latin1, 0, latin1.length)).toBe(isValid(bytes));
        },
      ),
      { numRuns: 5_000 },
    );
  });

  it("looks at its piece only", () => {
    expect(isUtf8("\u00c3\u00a9", 0, 1)).toBe(false);
    expect(isUtf8("\u00c3\u00a9x", 2, 3)).toBe(true);
  });
});

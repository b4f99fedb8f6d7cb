import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createNdjsonScanner } from "./ndjson.ts";
import { scanAll, type Scanned } from "./scan.testing.ts";

const encoder = new TextEncoder();

const scan = (text: string | Uint8Array, cuts: readonly number[] = [], maxLineBytes?: number): readonly Scanned[] =>
  scanAll(createNdjsonScanner(maxLineBytes), text, cuts);

const lines = (text: string): readonly string[] => scan(text).map(([line]) => line);

describe("the line scanner", () => {
  it("takes both line ends, and a last line without one", () => {
    expect(lines('{"a":1}\n{"b":2}\r\n{"c":3}')).toEqual(['{"a":1}', '{"b":2}', '{"c":3}']);
  });

  it("gives a line as soon as its end has come", () => {
    const seen: string[] = [];
    createNdjsonScanner().push(encoder.encode('{"a":1}\n{"b"'), (line) => seen.push(line));
    expect(seen).toEqual(['{"a":1}']);
  });

  it("passes over blank lines", () => {
    expect(lines("\n\r\n \t\n1\n\n\n2\n\n")).toEqual(["1", "2"]);
    expect(lines("")).toEqual([]);
  });

  it("drops a byte order mark in front, and only there", () => {
    expect(lines("\uFEFF1\n2")).toEqual(["1", "2"]);
    expect(lines("1\n\uFEFF2")).toEqual(["1", "\u00ef\u00bb\u00bf2"]);
  });

  it("gives UTF-8 bytes as characters", () => {
    expect(lines("é")).toEqual(["\u00c3\u00a9"]);
  });

  it("gives the same lines wherever the bytes are cut", () => {
    const piece = fc.constantFrom('{"a":"é你"}', "\n", "\r\n", "\r", " ", "\uFEFF", '"\\n"', "x");
    const text = fc.array(piece, { maxLength: 20 }).map((pieces) => encoder.encode(pieces.join("")));
    fc.assert(
      fc.property(text, fc.array(fc.nat(), { maxLength: 6 }), (bytes, positions) => {
        const cuts = positions.map((position) => position % (bytes.length + 1)).toSorted((a, b) => a - b);
        expect(scan(bytes, cuts)).toEqual(scan(bytes));
      }),
      { numRuns: 2_000 },
    );
  });

  it("holds no more than its bound of a line, says so, and is right again behind it", () => {
    const text = `${"x".repeat(20)}\n${"y".repeat(21)}\nok\n${"z".repeat(5_000)}`;
    const expected = [
      ["x".repeat(20), false],
      ["y".repeat(20), true],
      ["ok", false],
      ["z".repeat(20), true],
    ];
    expect(scan(text, [], 20)).toEqual(expected);
    expect(scan(text, [7, 25, 26, 100, 1_000], 20)).toEqual(expected);
  });
});

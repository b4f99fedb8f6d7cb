import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { utf8OfLatin1 } from "../utf8.ts";
import { createJsonArrayScanner } from "./json-array.ts";
import { scanAll, type Scanned } from "./scan.testing.ts";

const encoder = new TextEncoder();

const scan = (text: string | Uint8Array, cuts: readonly number[] = [], maxElementBytes?: number): readonly Scanned[] =>
  scanAll(createJsonArrayScanner(maxElementBytes), text, cuts);

const elements = (text: string): readonly string[] => scan(text).map(([json]) => json);

describe("the array scanner", () => {
  it("gives the objects of an array, whatever stands between them", () => {
    expect(elements('[{"a":1}\n,\r\n{"b":{"c":[2]}} , {}]\n')).toEqual(['{"a":1}', '{"b":{"c":[2]}}', "{}"]);
    expect(elements("[]")).toEqual([]);
    expect(elements("")).toEqual([]);
  });

  it("gives an object with its last bracket, not with what follows", () => {
    const seen: string[] = [];
    createJsonArrayScanner().push(encoder.encode('[{"a":1}'), (json) => seen.push(json));
    expect(seen).toEqual(['{"a":1}']);
  });

  it("takes objects that stand alone", () => {
    expect(elements('{"a":1}')).toEqual(['{"a":1}']);
    expect(elements('{"a":1}{"b":2}\n{"c":3}')).toEqual(['{"a":1}', '{"b":2}', '{"c":3}']);
  });

  it("is not misled by brackets, quotes and escapes in strings", () => {
    const objects = [{ "a]": '}{[]",' }, { b: '\\"}' }, { c: "\\" }, { d: '\\\\"]' }].map((value) =>
      JSON.stringify(value),
    );
    expect(elements(`[${objects.join(",")}]`)).toEqual(objects);
  });

  it("drops a byte order mark in front", () => {
    expect(elements("\uFEFF[{}]")).toEqual(["{}"]);
  });

  it("gives what is no object as it stands, so that its reader can count it", () => {
    expect(elements('[1, "a,]", [2,[3]], null,{"b":4}]')).toEqual(["1", '"a,]"', "[2,[3]]", "null", '{"b":4}']);
    expect(elements('<p class="x>\n{"a":1}')).toEqual(['<p class="x>', '{"a":1}']);
    expect(elements("}}\n{}")).toEqual(["}}", "{}"]);
  });

  it("gives an object that was broken off at the end of the body", () => {
    expect(elements('[{"a":1},{"b":"x')).toEqual(['{"a":1}', '{"b":"x']);
  });

  it("gives what JSON.parse finds in an array, wherever the bytes are cut", () => {
    const value = fc.dictionary(fc.string({ unit: "binary" }), fc.jsonValue(), { maxKeys: 4 });
    const indent = fc.constantFrom(0, 1, "\t");
    fc.assert(
      fc.property(
        fc.array(value, { maxLength: 5 }),
        indent,
        fc.array(fc.nat(), { maxLength: 6 }),
        (values, space, positions) => {
          const bytes = encoder.encode(JSON.stringify(values, null, space));
          const cuts = positions.map((position) => position % (bytes.length + 1)).toSorted((a, b) => a - b);
          const found = scan(bytes, cuts).map(([json]) => JSON.parse(utf8OfLatin1(json)) as unknown);
          expect(found).toEqual(JSON.parse(JSON.stringify(values)));
        },
      ),
      { numRuns: 500 },
    );
  });

  it("gives the same elements of garbage wherever it is cut", () => {
    const piece = fc.constantFrom("{", "}", "[", "]", '"', "\\", ",", "\n", "\r\n", " ", "a", "é", "\uFEFF");
    const text = fc.array(piece, { maxLength: 30 }).map((pieces) => encoder.encode(pieces.join("")));
    fc.assert(
      fc.property(text, fc.array(fc.nat(), { maxLength: 6 }), (bytes, positions) => {
        const cuts = positions.map((position) => position % (bytes.length + 1)).toSorted((a, b) => a - b);
        expect(scan(bytes, cuts)).toEqual(scan(bytes));
      }),
      { numRuns: 2_000 },
    );
  });

  it("holds no more than its bound of an element, says so, and is right again behind it", () => {
    const text = `[{"a":"${"}".repeat(50)}"},{"b":2},{"c":"${"x".repeat(5_000)}`;
    const expected = [
      [`{"a":"${"}".repeat(14)}`, true],
      ['{"b":2}', false],
      [`{"c":"${"x".repeat(14)}`, true],
    ];
    expect(scan(text, [], 20)).toEqual(expected);
    expect(scan(text, [3, 10, 30, 31, 500], 20)).toEqual(expected);
  });
});

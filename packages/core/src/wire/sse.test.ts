import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createSseScanner } from "./sse.ts";

const encoder = new TextEncoder();

type Seen = readonly [name: string, data: string, cut: boolean];

function scan(text: string | Uint8Array, cuts: readonly number[] = [], maxLineBytes?: number): readonly Seen[] {
  const bytes = typeof text === "string" ? encoder.encode(text) : text;
  const scanner = createSseScanner(maxLineBytes);
  const seen: Seen[] = [];
  const keep = (name: string, value: string, isCut: boolean): void => void seen.push([name, value, isCut]);
  let from = 0;
  for (const cut of [...cuts, bytes.length]) {
    scanner.push(bytes.subarray(from, cut), keep);
    from = cut;
  }
  scanner.end(keep);
  return seen;
}

const data = (text: string | Uint8Array, cuts?: readonly number[]): readonly string[] =>
  scan(text, cuts).map(([, value]) => value);

describe("the event scanner", () => {
  it.each(["\n", "\r", "\r\n"])("takes %j as line end", (end) => {
    expect(data(["data: a", "", "data: b", "data: c", "", ""].join(end))).toEqual(["a", "b\nc"]);
  });

  it("takes data with and without a space, and keeps a second space", () => {
    expect(data("data:a\n\ndata: b\n\ndata:  c\n\ndata\n\n")).toEqual(["a", "b", " c", ""]);
  });

  it("drops a byte order mark in front, and only there", () => {
    expect(data("\uFEFFdata: a\n\n")).toEqual(["a"]);
    expect(data("data: a\n\n\uFEFFdata: b\n\n")).toEqual(["a"]);
  });

  it("ignores comments and other fields, and dispatches nothing for them", () => {
    expect(scan(": ping\n\nid: 1\nretry: 5\n\nevent: lonely\n\ndata: a\n\n")).toEqual([["", "a", false]]);
  });

  it("gives the name to its own event only", () => {
    expect(scan("event: error\ndata: a\n\ndata: b\n\n")).toEqual([
      ["error", "a", false],
      ["", "b", false],
    ]);
  });

  it("tells a repeated name from one that only begins alike", () => {
    const names = ["ab", "ab", "ac", "ab", "abc", "a", "ab"];
    const text = names.map((name) => `event: ${name}\ndata: x\n\n`).join("");
    expect(scan(text).map(([name]) => name)).toEqual(names);
    expect(scan("event: a\ndata: x\n\nevent: a: b\nevent: a\ndata: y\n\ndata: event: a\n\n")).toEqual([
      ["a", "x", false],
      ["a", "y", false],
      ["", "event: a", false],
    ]);
  });

  it("dispatches a last event without its blank line at the end of the body", () => {
    expect(data("data: a\n\ndata: b\n")).toEqual(["a", "b"]);
    expect(data("data: a\n\ndata: b")).toEqual(["a", "b"]);
    expect(data("")).toEqual([]);
  });

  it("gives UTF-8 bytes as characters", () => {
    expect(data("data: é\n\n")).toEqual(["\u00c3\u00a9"]);
  });

  it("gives the same events wherever the bytes are cut", () => {
    const line = fc.constantFrom("data: a", "data:é你", "", ": c", "event: e", "data", "x", "\uFEFF", "data: []");
    const text = fc
      .array(fc.tuple(line, fc.constantFrom("\n", "\r", "\r\n")), { maxLength: 20 })
      .map((lines) => encoder.encode(lines.flat().join("")));
    fc.assert(
      fc.property(text, fc.array(fc.nat(), { maxLength: 6 }), (bytes, positions) => {
        const cuts = positions.map((position) => position % (bytes.length + 1)).toSorted((a, b) => a - b);
        expect(scan(bytes, cuts)).toEqual(scan(bytes));
      }),
      { numRuns: 2_000 },
    );
  });

  it("gives a JSON object without data: as an event of its own, when it is asked to", () => {
    const text = 'data: 1\n\n{"error":\n {"code": 503}\n}\n\n: c\n{"a":1}\ndata: 2\n\nid: {\ndata: {\n{"b":2}\n\n{"c"';
    const bare: string[] = [];
    const bytes = encoder.encode(text);
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      bare.length = 0;
      const scanner = createSseScanner(undefined, { bareJson: true });
      scanner.push(bytes.subarray(0, cut), (_name, value) => bare.push(value));
      scanner.push(bytes.subarray(cut), (_name, value) => bare.push(value));
      scanner.end((_name, value) => bare.push(value));
      expect(bare).toEqual(["1", '{"error":\n {"code": 503}\n}', '{"a":1}', "2", "{", '{"c"']);
    }
    expect(data(text)).toEqual(["1", "2", "{"]);
  });

  it("holds no more than its bound of a line or an event, says so, and is right again behind it", () => {
    const seen = scan(
      `data: ${"x".repeat(100)}\n\ndata: ok\n\n: ${"c".repeat(100)}\ndata: a\ndata: ${"y".repeat(20)}\n\n`,
      [],
      20,
    );
    expect(seen).toEqual([
      ["", "x".repeat(14), true],
      ["", "ok", false],
      ["", `a\n${"y".repeat(14)}`, true],
    ]);
    const joined = scan(`${"data: 123456789\n".repeat(4)}\n`, [], 20);
    expect(joined).toEqual([["", "123456789\n123456789\n", true]]);
  });
});

import { describe, expect, it } from "vitest";
import { LIMITS } from "../limits.ts";
import { createJsonArrayScanner } from "./json-array.ts";
import { createNdjsonScanner } from "./ndjson.ts";
import { createSseScanner } from "./sse.ts";

const BOUND = 64;

type TailSink = (tail: string) => void;

interface Scanner {
  push(bytes: Uint8Array, sink: TailSink): void;
}

/** The three scanners with a small bound, each told of the tails of its frames alone. */
const SCANNERS: readonly { name: string; create: () => Scanner; before: string; behind: string }[] = [
  {
    name: "server-sent events",
    create: () => {
      const scanner = createSseScanner(BOUND);
      return { push: (bytes, sink) => scanner.push(bytes, (_name, _data, _cut, tail) => sink(tail)) };
    },
    before: "data: ",
    behind: "\n\n",
  },
  {
    name: "lines",
    create: () => {
      const scanner = createNdjsonScanner(BOUND);
      return { push: (bytes, sink) => scanner.push(bytes, (_line, _cut, tail) => sink(tail)) };
    },
    before: "",
    behind: "\n",
  },
  {
    name: "elements",
    create: () => {
      const scanner = createJsonArrayScanner(BOUND);
      return { push: (bytes, sink) => scanner.push(bytes, (_json, _cut, tail) => sink(tail)) };
    },
    before: "",
    behind: ",",
  },
];

/** A frame whose bytes tell where they stand. */
function frame(bytes: number): string {
  let digits = "";
  for (let i = 0; digits.length < bytes - 2; i += 1) digits += `${i},`;
  return `{${digits.slice(0, bytes - 2)}}`;
}

describe.each(SCANNERS)("the end of a frame beyond the bound: $name", ({ create, before, behind }) => {
  function tails(frames: readonly string[], pieceBytes: number): readonly string[] {
    const scanner = create();
    const bytes = new TextEncoder().encode(frames.map((text) => before + text + behind).join(""));
    const seen: string[] = [];
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      scanner.push(bytes.subarray(at, at + pieceBytes), (tail) => seen.push(tail));
    }
    return seen;
  }

  it("is all that was not held, when that is little", () => {
    const long = frame(BOUND + 100);
    for (const pieceBytes of [1, 7, 1_000]) {
      expect(tails([long, "{}", long], pieceBytes)).toEqual([
        long.slice(BOUND - before.length),
        "",
        long.slice(BOUND - before.length),
      ]);
    }
  });

  it("is its last 16 KiB when it is more, however it came", () => {
    const long = frame(10 * LIMITS.observerTailBytes);
    for (const pieceBytes of [333, 20_000, 1_000_000]) {
      expect(tails([long, "{}"], pieceBytes)[0]).toBe(long.slice(-LIMITS.observerTailBytes));
    }
  });
});

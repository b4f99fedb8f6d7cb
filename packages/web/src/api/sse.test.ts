import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createSseParser, type SseEvent } from "./sse.ts";

const TEXT =
  'event: hello\r\nid: 1\ndata: {"a":1}\n\n: heartbeat\n\nevent:row\rid:2\rdata:one\rdata: two\r\rdata: three\n\n';
const EVENTS: readonly SseEvent[] = [
  { event: "hello", data: '{"a":1}', id: "1" },
  { event: "row", data: "one\ntwo", id: "2" },
  { event: "message", data: "three", id: "2" },
];

describe("the event stream parser", () => {
  it("gives the same events however the text is cut", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: TEXT.length }), { maxLength: 12 }), (cuts) => {
        const parser = createSseParser();
        const at = [0, ...cuts.toSorted((a, b) => a - b), TEXT.length];
        const events = at.slice(1).flatMap((end, index) => [...parser.push(TEXT.slice(at[index], end))]);
        expect(events).toEqual(EVENTS);
      }),
    );
  });

  it("keeps an unfinished event back", () => {
    const parser = createSseParser();
    expect(parser.push("event: row\ndata: x\n")).toEqual([]);
    expect(parser.push("\n")).toHaveLength(1);
  });
});

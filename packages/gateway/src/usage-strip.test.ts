import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chunkEvent, DONE_EVENT, usageEvent } from "./testing/fault-upstream.testing.ts";
import { createUsageStripper } from "./usage-strip.ts";

function strip(text: string, cuts: readonly number[] = [], maxEventBytes?: number): string {
  const bytes = Buffer.from(text);
  const stripper = createUsageStripper(maxEventBytes);
  const out: Buffer[] = [];
  let from = 0;
  for (const cut of [...cuts.filter((at) => at <= bytes.length).sort((a, b) => a - b), bytes.length]) {
    out.push(Buffer.from(stripper.push(Buffer.from(bytes.subarray(from, cut)))));
    from = cut;
  }
  out.push(stripper.flush());
  return Buffer.concat(out).toString();
}

const PLAIN = [
  chunkEvent({ role: "assistant", content: "" }),
  chunkEvent({ content: "naïve 日本" }),
  chunkEvent({ content: 'say "usage":null, {"usage":null}' }),
  chunkEvent({ content: "usage" }),
  ": keep-alive\n\n",
  chunkEvent({}, {}, "stop"),
];

function withUsageNull(event: string): string {
  return event.startsWith("data: {") ? event.replace(/\}\n\n$/, ',"usage":null}\n\n') : event;
}

describe("usage stripper", () => {
  const injected = [...PLAIN.map(withUsageNull), usageEvent(3, 4), DONE_EVENT].join("");
  const plain = [...PLAIN, DONE_EVENT].join("");

  it("gives back the stream that would have come without the usage request", () => {
    expect(strip(injected)).toBe(plain);
  });

  it("gives the same bytes for every split of the stream in two", () => {
    for (let at = 0; at <= Buffer.byteLength(injected); at += 1) expect(strip(injected, [at])).toBe(plain);
  });

  it("gives the same bytes for any number of splits and any line ending", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(injected.length), { maxLength: 40 }), fc.constantFrom("\n", "\r\n"), (cuts, eol) => {
        expect(strip(injected.replaceAll("\n", eol), cuts)).toBe(plain.replaceAll("\n", eol));
      }),
    );
  });

  it("handles streams whose lines end in a lone carriage return", () => {
    expect(strip(injected.replaceAll("\n", "\r"))).toBe(plain.replaceAll("\n", "\r"));
  });

  it("passes everything that holds nothing of ours untouched, however it is split", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom("data:", "\n", "\r", ":", "{", "}", '"usage"', ",", "null", "x"), { maxLength: 60 }),
        fc.array(fc.nat(200)),
        (parts, cuts) => {
          const text = parts.join("").replaceAll('"usage"', '"usages"');
          expect(strip(text, cuts)).toBe(text);
        },
      ),
    );
  });

  it("keeps usage beside non-empty choices and choices:[] without usage", () => {
    const llamaCpp = chunkEvent({}, { usage: { completion_tokens: 3 } }, "stop");
    const azure = 'data: {"choices":[],"prompt_filter_results":[{"x":1}]}\n\n';
    expect(strip(llamaCpp + azure)).toBe(llamaCpp + azure);
  });

  it("cuts only the top-level field, wherever it stands", () => {
    expect(strip('data: {"usage":null,"a":{"usage":null}}\n\n')).toBe('data: {"a":{"usage":null}}\n\n');
    expect(strip('data:{"a":{"usage":null}, "usage": null, "b":1}\n\n')).toBe('data:{"a":{"usage":null}, "b":1}\n\n');
    expect(strip('data: {"a":{"usage":null}}\n\n')).toBe('data: {"a":{"usage":null}}\n\n');
  });

  it("removes a usage event that is not followed by a separator any more", () => {
    expect(strip(usageEvent(1, 2).trimEnd())).toBe("");
  });

  it("passes comment lines at once, before their event is complete", () => {
    const stripper = createUsageStripper();
    expect(stripper.push(Buffer.from(": queued\n")).toString()).toBe(": queued\n");
    expect(stripper.push(Buffer.from("data: {")).toString()).toBe("");
    expect(stripper.flush().toString()).toBe("data: {");
  });

  it("passes an event beyond its bound as it is and goes on with the next one", () => {
    const big = `data: {"x":"${"y".repeat(400)}","usage":null}\n\n`;
    expect(strip(big + injected, [50, 150, 250, 350], 200)).toContain(big);
    const after = strip(big + usageEvent(1, 2) + DONE_EVENT, [50, 150, 250, 350], 300);
    expect(after).toBe(big + DONE_EVENT);
  });
});

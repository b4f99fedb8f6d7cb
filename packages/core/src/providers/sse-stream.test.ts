import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anthropicMessages } from "./anthropic-messages.ts";
import { openaiResponses } from "./openai-responses.ts";
import { emptyStreamEvent, type Provider, type StreamEvent } from "./provider.ts";
import { eventsOf } from "./provider-suite.testing.ts";

const encoder = new TextEncoder();

/** The obvious reading of one frame: JSON.parse and `readChunk`. */
function parseFrame(provider: Provider, data: string): readonly StreamEvent[] {
  const event = emptyStreamEvent();
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    return [{ ...event, type: "malformed" }];
  }
  if (provider.readChunk(value, event)) {
    const isLast = /^\{"type": ?"response\.(completed|failed)"/.test(data);
    return isLast ? [event, { ...emptyStreamEvent(), type: "done" }] : [event];
  }
  // What has a type is an event of another kind; what has none is no event.
  const type = typeof value === "object" && value !== null && "type" in value ? value.type : undefined;
  const hasType = typeof type === "string" && type !== "";
  return hasType ? [] : [{ ...emptyStreamEvent(), type: "malformed" }];
}

function parseEverything(provider: Provider, frames: readonly string[]): readonly StreamEvent[] {
  const events = frames.flatMap((data) => parseFrame(provider, data));
  const end = events.findIndex(({ type }) => type === "done");
  // The end is told once.
  return events.filter(({ type }, i) => type !== "done" || i === end);
}

function bytesOf(frames: readonly string[], name: string): Uint8Array {
  return encoder.encode(frames.map((data) => `${name}data: ${data}\n\n`).join(""));
}

/** Text between the quotes of a JSON string, as it stands on the wire; not all of it is legal. */
const rawString = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(" word", "a", "abc", "你好", "🙂", "\\n", '\\"x\\"', "a\\\\", "\\/\\t") },
  {
    weight: 2,
    arbitrary: fc.constantFrom("", "\\u4f60", "\\ud83d", "\\", "\t", "\u0001", "\u007f", "\\x", '"', "\\\\\\", "}"),
  },
  // What could be taken for the end of the frame, or for another member.
  {
    weight: 1,
    arbitrary: fc.constantFrom(" }", '","text":"b', '","delta":"b', '"},"delta":{"text":"b', '\\","text":"b'),
  },
);
const rawNumber = fc.constantFrom("4", "5", "1795000001", "0", "017", "-5", "1.5", "1e3", "", "x", '"7"');
const rawPadding = fc.constantFrom("", "", " ", "   ", "            ", "\t", "\\n", ",", "}");

/** Frames of one shape; `{s}` and `{t}` are strings, `{n}` is a number, `{p}` is padding. */
const SHAPES: readonly string[] = [
  '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"{s}"}{p}}',
  '{"type": "content_block_delta", "index": {n}, "delta": {"type": "text_delta", "text": "{s}"}{p}}',
  '{"type":"content_block_delta","index":1,"delta":{"type":"thinking_delta","thinking":"{s}"{p}}}',
  '{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{s}"}{p}}',
  '{"type":"content_block_delta","delta":{"type":"{t}","text":"{s}"}}',
  '{"type":"content_block_delta","delta":{"text":"{s}","type":"text_delta","text" :"{t}"}{p}}',
  '{"type":"content_block_delta","delta":{"type":"text_delta","text" :"abc"},"note":{"text":"{s}"}}',
  '{"type":"content_block_start","index":{n},"content_block":{"type":"text","text":"{s}"}{p}}',
  '{"type":"message_delta","delta":{"stop_reason":"{t}","text":"{s}"}}',
  '{"type":"response.output_text.delta","sequence_number":{n},"item_id":"{t}","delta":"{s}","obfuscation":"{t}"{p}}',
  '{"type": "response.output_text.delta", "delta": "{s}", "logprobs": [], "sequence_number": {n}{p}}',
  '{"type":"response.reasoning_summary_text.delta","delta":"{s}","sequence_number":{n}}',
  '{"type":"response.reasoning_text.delta","sequence_number":{n},"delta":"{s}"}',
  '{"type":"response.function_call_arguments.delta","sequence_number":{n},"delta":"{s}"{p}}',
  '{"type":"{t}","sequence_number":{n},"delta":"{s}"}',
  '{"type":"response.refusal.delta","delta":"{s}","delta" :"{t}"}',
  '{"type":"response.output_text.delta","note":{"delta":"{s}"},"delta" :"abc","sequence_number":{n}}',
  '{"type":"response.output_text.delta","delta":{"delta":"{s}"},"sequence_number":{n}}',
  '{"type":"response.output_text.delta","delta":"{s}","error":"{t}"}',
  '{"type":"response.output_item.added","item":{"type":"{t}","name":"{s}"},"sequence_number":{n}}',
  '{"type":"response.completed","response":{"status":"{t}","delta":"{s}"},"sequence_number":{n}}',
  '{"text":"{s}","delta":"{t}"}',
];
const run = fc
  .tuple(
    fc.constantFrom(...SHAPES),
    fc.array(fc.tuple(rawString, rawString, rawNumber, rawPadding), { minLength: 1, maxLength: 8 }),
  )
  .map(([shape, holes]) =>
    holes.map(([first, second, number, padding]) =>
      shape
        .replaceAll("{s}", () => first)
        .replaceAll("{t}", () => second)
        .replaceAll("{n}", () => number)
        .replaceAll("{p}", () => padding),
    ),
  );
const frames = fc
  .tuple(fc.array(run, { maxLength: 4 }), fc.boolean())
  // One run after the other, or all of them mixed.
  .map(([runs, mixed]) => (mixed ? runs.flat().toSorted((a, b) => a.length - b.length) : runs.flat()));

describe.each([anthropicMessages, openaiResponses])("the byte parser of $format", (provider) => {
  it("gives the events of parsing every frame, wherever the bytes are cut", () => {
    fc.assert(
      fc.property(
        frames,
        fc.array(fc.nat(), { maxLength: 5 }),
        fc.constantFrom("", "event: x\n"),
        (data, positions, name) => {
          const bytes = bytesOf(data, name);
          const cuts = positions.map((position) => position % (bytes.length + 1)).toSorted((a, b) => a - b);
          expect(eventsOf(provider.createStreamParser(), bytes, cuts)).toEqual(parseEverything(provider, data));
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it("gives them when every event is a read of its own, and when something stands between", () => {
    const between = fc.constantFrom("", "", "", ": ping\n\n", "\n", "\r\n", "event: ping\ndata: {}\n\n", "id: 7\n");
    const names = fc.constantFrom("", "event: x\n", "event:x\n");
    fc.assert(
      fc.property(frames, fc.array(fc.tuple(names, between), { minLength: 1 }), (data, around) => {
        const reads = data.flatMap((text, i) => {
          const [name, ahead] = around[i % around.length] ?? ["", ""];
          return [ahead, `${name}data: ${text}\n\n`].map((read) => encoder.encode(read));
        });
        let at = 0;
        const cuts = reads.map((read) => (at += read.length));
        const bytes = new Uint8Array(Buffer.concat(reads));
        expect(eventsOf(provider.createStreamParser(), bytes, cuts)).toEqual(parseEverything(provider, data));
      }),
      { numRuns: 2_000 },
    );
  });

  it("gives the events of parsing every frame when single bytes of a long stream are damaged", () => {
    const words = Array.from({ length: 12 }, (_, i) => `w\\nörd${i % 3}`);
    const long = words.map((word, i) =>
      provider === anthropicMessages
        ? `{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"${word}"}${" ".repeat(i % 4)}}`
        : `{"type":"response.output_text.delta","sequence_number":${i + 4},"delta":"${word}"}`,
    );
    const decoder = new TextDecoder();
    fc.assert(
      fc.property(fc.nat(11), fc.nat(), fc.integer({ min: 0x20, max: 0xff }), (index, position, value) => {
        const encoded = long.map((text) => encoder.encode(text));
        const damaged = encoded[index] ?? new Uint8Array(1);
        damaged[position % damaged.length] = value;
        const bytes = Buffer.concat(encoded.flatMap((text) => [Buffer.from("data: "), text, Buffer.from("\n\n")]));
        expect(eventsOf(provider.createStreamParser(), bytes)).toEqual(
          parseEverything(
            provider,
            encoded.map((text) => decoder.decode(text)),
          ),
        );
      }),
      { numRuns: 2_000 },
    );
  });
});

import { array, assert, asyncProperty, nat } from "fast-check";
import { expect, it } from "vitest";
import { readArray, readEvents, readLines, type AnswerReader } from "./answer-readers.ts";
import { APIError } from "./api-error.ts";

function bodyOf(text: string, cuts: readonly number[]): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  const bounds = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return new ReadableStream({
    start(controller) {
      for (let index = 1; index < bounds.length; index += 1)
        controller.enqueue(bytes.slice(bounds[index - 1], bounds[index]));
      controller.close();
    },
  });
}

async function collect(read: AnswerReader, text: string, cuts: readonly number[] = []): Promise<readonly unknown[]> {
  const values: unknown[] = [];
  for await (const value of read(bodyOf(text, cuts))) values.push(value);
  return values;
}

const EVENTS =
  ': ping\n\ndata: {"a":"é"}\r\n\r\ndata:{"b":1}\r\revent: x\ndata: {"c":\ndata: 2}\n\n' +
  'event: ping\ndata: {"type":"ping"}\n\ndata: [DONE]\n\ndata: {"d":3}\n\n';
const LINES = '{"a":"é"}\r\n\n{"b":1}\n{"c":2}';
const ARRAY = '[{"a":"é"}\n,\r\n{ "b" : 1 },{"c":2,"d":{"e":"]}\\"{"}}\n]\n';

it.each([
  ["events", readEvents, EVENTS, [{ a: "é" }, { b: 1 }, { c: 2 }]],
  ["lines", readLines, LINES, [{ a: "é" }, { b: 1 }, { c: 2 }]],
  ["elements of an array", readArray, ARRAY, [{ a: "é" }, { b: 1 }, { c: 2, d: { e: ']}"{' } }]],
] as const)("reads the same %s for every split of the bytes and every line ending", async (_, read, text, values) => {
  await assert(
    asyncProperty(array(nat(200), { maxLength: 12 }), async (cuts) => {
      expect(await collect(read, text, cuts)).toEqual(values);
    }),
  );
});

it.each([
  ["an event", readEvents, 'data: {"error":{"code":503}}\n\n'],
  ["bare JSON among events", readEvents, 'data: {}\n\n{"error":{"code":503}}\n'],
  ["a line", readLines, '{"error":"out of memory"}\n'],
  ["an element", readArray, '[{"error":{"code":503}}]'],
] as const)("throws when an error is %s", async (_, read, text) => {
  await expect(collect(read, text)).rejects.toBeInstanceOf(APIError);
});

it("throws an error event as client libraries do, after what came before it", async () => {
  const seen: unknown[] = [];
  const read = async (): Promise<void> => {
    for await (const value of readEvents(
      bodyOf('data: {"a":1}\n\ndata: {"error":{"message":"no","code":"x","type":"server_error"}}\n\n', []),
    )) {
      seen.push(value);
    }
  };
  const error: unknown = await read().catch((thrown: unknown) => thrown);
  expect(seen).toEqual([{ a: 1 }]);
  expect(error).toBeInstanceOf(APIError);
  expect(error).toMatchObject({ status: undefined, code: "x", type: "server_error", message: "no" });
});

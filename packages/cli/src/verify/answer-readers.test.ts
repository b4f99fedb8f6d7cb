import { array, assert, asyncProperty, nat } from "fast-check";
import { expect, it } from "vitest";
import { APIError, readEvents } from "./sse-client.ts";

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

async function collect(text: string, cuts: readonly number[] = []): Promise<readonly unknown[]> {
  const values: unknown[] = [];
  for await (const value of readEvents(bodyOf(text, cuts))) values.push(value);
  return values;
}

it("reads the same events for every split of the bytes and every line ending", async () => {
  const text =
    ': ping\n\ndata: {"a":"é"}\r\n\r\ndata:{"b":1}\r\revent: x\ndata: {"c":\ndata: 2}\n\ndata: [DONE]\n\ndata: {"d":3}\n\n';
  await assert(
    asyncProperty(array(nat(200), { maxLength: 12 }), async (cuts) => {
      expect(await collect(text, cuts)).toEqual([{ a: "é" }, { b: 1 }, { c: 2 }]);
    }),
  );
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

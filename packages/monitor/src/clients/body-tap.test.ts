import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { tapBody } from "./body-tap.ts";

const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

function body(pieces: readonly string[], type?: "bytes"): ReadableStream<ArrayBufferView<ArrayBuffer>> {
  const left = [...pieces];
  const pull = (controller: ReadableByteStreamController | ReadableStreamDefaultController): void => {
    const piece = left.shift();
    if (piece === undefined) controller.close();
    else controller.enqueue(bytes(piece));
  };
  return type === undefined ? new ReadableStream({ pull }) : new ReadableStream({ type, pull });
}

/** What `tapBody` told, in between what the reader got. */
function tapped(target: object): string[] {
  const seen: string[] = [];
  expect(tapBody(target, () => seen.push("read"))).toBe(true);
  return seen;
}

describe("a tapped body", () => {
  it("tells each read before its reader goes on", async () => {
    const stream = body(["a", "b"]);
    const seen = tapped(stream);
    for await (const piece of stream) seen.push(new TextDecoder().decode(piece));
    expect(seen).toEqual(["read", "a", "read", "b", "read"]);
  });

  it("tells the reads of readers, also of those with buffers of their own", async () => {
    const stream = body(["a"]);
    const seen = tapped(stream);
    const reader = stream.getReader();
    seen.push(new TextDecoder().decode((await reader.read()).value));
    expect((await reader.read()).done).toBe(true);
    expect(seen).toEqual(["read", "a", "read"]);

    const own = body(["b"], "bytes");
    const more = tapped(own);
    const byob = own.getReader({ mode: "byob" });
    expect((await byob.read(new Uint8Array(4))).value).toEqual(bytes("b"));
    expect(more).toEqual(["read"]);
  });

  it("stays what it was: locks, cancels and fails alike", async () => {
    const boom = new Error("boom");
    const failing = new ReadableStream({ pull: (controller) => controller.error(boom) });
    tapped(failing);
    await expect(failing.getReader().read()).rejects.toBe(boom);
    let reason: unknown;
    const cancelled = new ReadableStream({ cancel: (given) => void (reason = given) });
    tapped(cancelled);
    await cancelled.cancel("enough");
    expect(reason).toBe("enough");
    const locked = body(["a"]);
    tapped(locked);
    locked.getReader();
    expect(() => locked.getReader()).toThrow(TypeError);
  });

  it("may be a stream of Node", async () => {
    const stream = Readable.from(["a", "b"]);
    const seen = tapped(stream);
    for await (const piece of stream) seen.push(String(piece));
    expect(seen).toEqual(["read", "a", "read", "b"]);
  });

  it.each([undefined, null, "text", {}, Object.freeze(body(["a"]))])("is none: %s", (target) => {
    expect(tapBody(target, () => undefined)).toBe(false);
  });
});

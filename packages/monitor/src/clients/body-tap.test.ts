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

  it("tells the reads of a pipe, which locks, ends and cancels it as ever", async () => {
    const stream = body(["a", "b"], "bytes");
    const seen = tapped(stream);
    const texts = stream.pipeThrough(new TextDecoderStream());
    expect(stream.locked).toBe(true);
    for await (const text of texts) seen.push(text);
    expect(seen).toEqual(expect.arrayContaining(["read", "a", "b"]));
    expect(seen.filter((what) => what === "read")).toHaveLength(3);

    let reason: unknown;
    const endless = new ReadableStream({ cancel: (given) => void (reason = given) });
    tapped(endless);
    await endless.pipeThrough(new TransformStream()).cancel("enough");
    await expect.poll(() => reason).toBe("enough");

    const kept = body(["a"]);
    const unheard = tapped(kept);
    const failing = new WritableStream({ start: (controller) => controller.error(new Error("full")) });
    await expect(kept.pipeTo(failing, { preventCancel: true })).rejects.toThrow("full");
    expect([kept.locked, unheard]).toEqual([false, []]);
    expect(() => kept.pipeThrough(Object.create(null))).toThrow(TypeError);
    expect(kept.locked).toBe(false);
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

import { once } from "node:events";
import { PassThrough, Readable } from "node:stream";
import { text as textOf } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { collectUntil, createFollowedCall, HELLO } from "../testing/follow.testing.ts";
import { sse } from "../testing/openai-server.testing.ts";

const STREAM = HELLO.map((chunk) => sse(chunk)).join("") + sse("[DONE]");
const PIECES = STREAM.match(/[^]{1,11}/g) ?? [];

const bytes = (): Readable => Readable.from(PIECES.map((piece) => Buffer.from(piece)));

/** Every way to read a stream of Node to its end. */
const WAYS: readonly (readonly [string, (stream: Readable) => Promise<string>])[] = [
  [
    "for await",
    async (stream) => {
      let text = "";
      for await (const piece of stream) text += String(piece);
      return text;
    },
  ],
  [
    "data events",
    async (stream) => {
      let text = "";
      stream.on("data", (piece) => (text += String(piece)));
      await once(stream, "end");
      return text;
    },
  ],
  [
    "read()",
    async (stream) => {
      let text = "";
      stream.on("readable", () => {
        let piece: unknown;
        while ((piece = stream.read()) instanceof Buffer) text += piece.toString("utf8");
      });
      await once(stream, "end");
      return text;
    },
  ],
  ["pipe()", async (stream) => (await stream.pipe(new PassThrough()).toArray()).join("")],
  ["toWeb()", (stream) => textOf(Readable.toWeb(stream))],
];

describe("a stream of Node", () => {
  it.each(WAYS)("is the same object, read through %s", async (_name, read) => {
    const call = createFollowedCall();
    const stream = bytes();
    expect(call.follow(stream)).toBe(stream);
    expect(await read(stream)).toBe(STREAM);
    expect(call.outcome).toBe("ok");
    expect(call.recording.end({ outcome: "ok" })).toMatchObject({ countedChunkCount: 2, finishReasons: ["stop"] });
  });

  it("may consist of objects", async () => {
    const call = createFollowedCall();
    expect(await call.follow(Readable.from(HELLO)).toArray()).toEqual(HELLO);
    expect(call.outcome).toBe("ok");
    expect(call.recording.end({ outcome: "ok" })).toMatchObject({ countedChunkCount: 2 });
  });

  it("is cancelled by destroy(), fails with its error, and is abandoned when nobody reads it", async () => {
    const left = createFollowedCall();
    const stream = left.follow(bytes());
    stream.destroy();
    await once(stream, "close");
    expect(left.outcome).toBe("cancelled");

    const broken = createFollowedCall();
    const failing = broken.follow(new PassThrough());
    failing.on("error", () => undefined);
    failing.destroy(Object.assign(new Error("aborted"), { code: "ECONNRESET" }));
    await new Promise((resolve) => failing.on("close", resolve));
    expect(broken.outcome).toBe("error/stream_interrupted");

    const unread = createFollowedCall();
    (() => void unread.follow(bytes()))();
    await collectUntil(() => unread.outcome === "abandoned");
  });
});

import { ATTR } from "@nexent/monitor-core";
import { describe, expect, it } from "vitest";
import { safeProperty } from "../redact.ts";
import { chatChunk, collectUntil, createFollowedCall, HELLO, readAll } from "../testing/follow.testing.ts";

const boom = Object.assign(new Error("boom"), { status: 500 });

async function* generate(values: readonly unknown[] = HELLO, end?: Error): AsyncGenerator<unknown, void, unknown> {
  for (const value of values) yield value;
  if (end !== undefined) throw end;
}

function* generateSync(values: readonly unknown[] = HELLO, end?: Error): Generator<unknown, void, unknown> {
  for (const value of values) yield value;
  if (end !== undefined) throw end;
}

/** An async iterable that is no iterator itself. */
function iterable(values: readonly unknown[] = HELLO, end?: Error): AsyncIterable<unknown> {
  return { [Symbol.asyncIterator]: () => generate(values, end) };
}

/** The shape of the OpenAI and Anthropic streams. */
class ClientStream {
  readonly controller = new AbortController();
  iterator: () => AsyncGenerator<unknown, void, unknown>;

  constructor(values: readonly unknown[] = HELLO, end?: Error) {
    this.iterator = () => generate(values, end);
  }

  [Symbol.asyncIterator](): AsyncGenerator<unknown, void, unknown> {
    return this.iterator();
  }
}

const STREAMS = {
  "an async generator": generate,
  "a sync generator": generateSync,
  "an async iterable": iterable,
  "a client stream": (values?: readonly unknown[], end?: Error) => new ClientStream(values, end),
} as const;

function iteratorOf(stream: AsyncIterable<unknown> | Iterable<unknown>): Iterator<unknown> | AsyncIterator<unknown> {
  return Symbol.asyncIterator in stream ? stream[Symbol.asyncIterator]() : stream[Symbol.iterator]();
}

describe.each(Object.entries(STREAMS))("%s", (_kind, make) => {
  it("is the same object, gives the same elements, and ends ok with its finish reason", async () => {
    const call = createFollowedCall();
    const stream = make();
    expect(call.follow<object>(stream)).toBe(stream);
    expect(await readAll(stream)).toEqual(HELLO);
    expect(call.outcome).toBe("ok");
    expect(call.backend.spans[0]?.attributes).toMatchObject({
      [ATTR.llmStream]: true,
      [ATTR.llmChunkCount]: 4,
      [ATTR.genAiResponseFinishReasons]: ["stop"],
      [ATTR.genAiResponseModel]: "gpt-4o",
      [ATTR.llmTokenSource]: "estimate",
    });
  });

  it("rethrows the same error, mapped by its status", async () => {
    const call = createFollowedCall();
    const stream = call.follow(make(HELLO.slice(0, 2), boom));
    await expect(readAll(stream)).rejects.toBe(boom);
    expect(call.outcome).toBe("error/server_error");
  });

  it("is interrupted when its format ends without a finish reason", async () => {
    const call = createFollowedCall();
    await readAll(call.follow(make(HELLO.slice(0, 3))));
    expect(call.outcome).toBe("error/stream_interrupted");
  });

  it("ends ok when it speaks no format that has an end", async () => {
    const call = createFollowedCall();
    await readAll(call.follow(make(["Hel", "", "lo"])));
    expect(call.outcome).toBe("ok");
    expect(call.recording.end({ outcome: "ok" })).toMatchObject({ countedChunkCount: 2, outputBytes: 5 });
  });

  it("is cancelled by a break, and ok by a break after the finish reason", async () => {
    for (const [after, outcome] of [
      [2, "cancelled"],
      [4, "ok"],
    ] as const) {
      const call = createFollowedCall();
      let count = 0;
      for await (const _ of call.follow(make())) if ((count += 1) === after) break;
      expect(call.outcome).toBe(outcome);
      expect(call.ends).toHaveLength(1);
    }
  });

  it("is cancelled when the consumer throws, and by return()", async () => {
    const thrown = createFollowedCall();
    const consume = async (): Promise<void> => {
      for await (const _ of thrown.follow(make())) throw boom;
    };
    await expect(consume()).rejects.toBe(boom);
    expect(thrown.outcome).toBe("cancelled");

    const returned = createFollowedCall();
    const iterator = iteratorOf(returned.follow(make()));
    await iterator.next();
    expect(await iterator.return?.("bye")).toEqual({ done: true, value: "bye" });
    expect(returned.outcome).toBe("cancelled");
  });

  it("is cancelled by throw() when it does not go on", async () => {
    const call = createFollowedCall();
    const iterator = iteratorOf(call.follow(make()));
    await iterator.next();
    await expect((async () => iterator.throw?.(boom))()).rejects.toBe(boom);
    expect(call.outcome).toBe("cancelled");
  });

  it("is abandoned when it was never read and is collected", async () => {
    const call = createFollowedCall();
    (() => void call.follow(make()))();
    await collectUntil(() => call.outcome !== "open");
    expect(call.outcome).toBe("abandoned");
  });

  it("is abandoned when it was read half and dropped", async () => {
    const call = createFollowedCall();
    await (async () => {
      const iterator = iteratorOf(call.follow(make()));
      await iterator.next();
    })();
    await collectUntil(() => call.outcome !== "open");
    expect(call.outcome).toBe("abandoned");
  });

  it("is not abandoned while only its iterator is held", async () => {
    const call = createFollowedCall();
    const iterator = (() => iteratorOf(call.follow(make())))();
    await iterator.next();
    let rounds = 0;
    await collectUntil(() => (rounds += 1) > 20);
    expect(call.outcome).toBe("open");
    for (let step = await iterator.next(); step.done !== true; step = await iterator.next());
    expect(call.outcome).toBe("ok");
  });

  it("is abandoned after the idle limit though somebody holds it", async () => {
    const call = createFollowedCall({ idleMs: 60 });
    const stream = call.follow(make());
    await new Promise((resolve) => setTimeout(resolve, 250));
    expect(call.outcome).toBe("abandoned");
    expect(await readAll(stream)).toEqual(HELLO);
    expect(
      call.sample('llm_requests_total{model="gpt-4o",operation="chat",provider="openai",stream="true",outcome="ok"}'),
    ).toBeUndefined();
  });
});

describe("streams in particular", () => {
  it("keeps prototype and instance methods of a generator", () => {
    const stream = generate();
    const prototype: unknown = Object.getPrototypeOf(stream);
    createFollowedCall().follow(stream);
    expect(Object.getPrototypeOf(stream)).toBe(prototype);
    expect(stream).toBeInstanceOf(generate);
    expect(Object.keys(stream)).toEqual([]);
    expect(Object.prototype.toString.call(stream)).toBe("[object AsyncGenerator]");
  });

  it("lets a generator that catches what is thrown into it go on", async () => {
    async function* tough(): AsyncGenerator<string, void, unknown> {
      try {
        yield "a";
      } catch {
        yield "b";
      }
    }
    const call = createFollowedCall();
    const iterator = call.follow(tough());
    await iterator.next();
    expect(await iterator.throw(boom)).toEqual({ done: false, value: "b" });
    expect(call.outcome).toBe("open");
    await iterator.next();
    expect(call.outcome).toBe("ok");
  });

  it("takes an aborted client stream that ends quietly as cancelled, and by timeout as an error", async () => {
    for (const [reason, outcome] of [
      [undefined, "cancelled"],
      [new DOMException("late", "TimeoutError"), "error/timeout"],
    ] as const) {
      const call = createFollowedCall();
      const stream = call.follow(new ClientStream(HELLO.slice(0, 2)));
      stream.controller.abort(reason);
      await readAll(stream);
      expect(call.outcome).toBe(outcome);
    }
  });

  it("calls a client stream without a single element interrupted, a plain one ok", async () => {
    const client = createFollowedCall();
    await readAll(client.follow(new ClientStream([])));
    expect(client.outcome).toBe("error/stream_interrupted");
    const foreign = createFollowedCall();
    await readAll(foreign.follow(new ClientStream([{ kind: "begin" }, { kind: "end" }])));
    expect(foreign.outcome).toBe("ok");
    const plain = createFollowedCall();
    await readAll(plain.follow(generate([])));
    expect(plain.outcome).toBe("ok");
  });

  it("ends with the error event that came inside the stream", async () => {
    const call = createFollowedCall();
    await readAll(
      call.follow(generate([chatChunk({ content: "a" }), { error: { type: "overloaded_error", message: "x" } }])),
    );
    expect(call.outcome).toBe("error/overloaded");
  });

  it("ends with that error, too, when the consumer leaves because of it", async () => {
    const call = createFollowedCall();
    const failed = { error: { type: "overloaded_error", message: "busy" } };
    for await (const value of call.follow(generate([chatChunk({ content: "a" }), failed]))) if (value === failed) break;
    expect(call.outcome).toBe("error/overloaded");
  });

  it("observes only the first iterator of an iterable", async () => {
    const call = createFollowedCall();
    const stream = call.follow(iterable());
    await readAll(stream);
    expect(await readAll(stream)).toEqual(HELLO);
    expect(call.ends).toHaveLength(1);
  });

  it("reads elements of unknown shape with the classifier it was given, and survives a hostile one", async () => {
    const values = [{ piece: "ab" }, { piece: "" }, { other: 1 }, { piece: "c" }];
    const call = createFollowedCall({
      classify: (value) => {
        if (value === values[2]) throw new Error("classifier");
        return { kind: "reasoning", text: String(safeProperty(value, "piece")), tokens: 3 };
      },
    });
    expect(await readAll(call.follow(generate(values)))).toEqual(values);
    expect(call.outcome).toBe("ok");
    expect(call.recording.end({ outcome: "ok" })).toMatchObject({
      countedChunkCount: 2,
      outputTokens: 6,
      reasoningVisibility: "streamed",
    });
  });

  it("parses server-sent events out of byte elements, split anywhere", async () => {
    const text = HELLO.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join("") + "data: [DONE]\n\n";
    const bytes = new TextEncoder().encode(text);
    const pieces = [bytes.subarray(0, 11), bytes.subarray(11, 200), bytes.subarray(200)];
    const call = createFollowedCall();
    const web = new ReadableStream({
      start: (controller) => (pieces.forEach((piece) => controller.enqueue(piece)), controller.close()),
    });
    expect(await readAll(call.follow(web))).toEqual(pieces);
    expect(call.outcome).toBe("ok");
    expect(call.recording.end({ outcome: "ok" })).toMatchObject({ countedChunkCount: 2, finishReasons: ["stop"] });
  });

  it("notes how long the consumer kept the stream waiting inside the window", async () => {
    const call = createFollowedCall();
    for await (const _ of call.follow(generate(["a", "b", "c"])))
      await new Promise((resolve) => setTimeout(resolve, 20));
    const wait = Number(call.backend.spans[0]?.attributes[ATTR.llmConsumerWaitSeconds]);
    // Two waits lie inside the window; the one after the last element does not.
    expect(wait).toBeGreaterThan(0.03);
    expect(wait).toBeLessThan(0.055);
  });
});

describe("web streams", () => {
  const source = (values: readonly string[], cancel?: (reason: unknown) => void) => {
    let i = 0;
    return new ReadableStream<string>(
      {
        pull: (controller) => (i < values.length ? controller.enqueue(values[i++] ?? "") : controller.close()),
        ...(cancel !== undefined && { cancel }),
      },
      { highWaterMark: 0 },
    );
  };

  it("are read through to the end, also by pipeTo and tee", async () => {
    const call = createFollowedCall();
    const [left, right] = call.follow(source(["a", "b"])).tee();
    expect(await Promise.all([readAll(left), readAll(right)])).toEqual([
      ["a", "b"],
      ["a", "b"],
    ]);
    expect(call.outcome).toBe("ok");
  });

  it("pass cancel on with its reason", async () => {
    let reason: unknown;
    const call = createFollowedCall();
    const reader = call.follow(source(["a", "b"], (given) => (reason = given))).getReader();
    await reader.read();
    await reader.cancel("enough");
    expect(reason).toBe("enough");
    expect(call.outcome).toBe("cancelled");
  });

  it("fail with the same error", async () => {
    const call = createFollowedCall();
    const broken = new ReadableStream({ pull: (controller) => controller.error(boom) }, { highWaterMark: 0 });
    await expect(readAll(call.follow(broken))).rejects.toBe(boom);
    expect(call.outcome).toBe("error/server_error");
  });
});

describe("values and promises", () => {
  it.each([42, "text", undefined, null, true, Symbol.for("s"), 10n, [1], new Map(), () => 1])(
    "ends ok on %s",
    (value) => {
      const call = createFollowedCall();
      expect(call.follow(value)).toBe(value);
      expect(call.outcome).toBe("ok");
    },
  );

  it("reads usage, model and finish reason of a whole answer", () => {
    const call = createFollowedCall();
    const answer = {
      id: "r1",
      model: "gpt-4o-2024",
      choices: [{ index: 0, message: { content: "hello" }, finish_reason: "stop" }],
      usage: { prompt_tokens: 3, completion_tokens: 9 },
    };
    expect(call.follow(answer)).toBe(answer);
    expect(call.backend.spans[0]?.attributes).toMatchObject({
      [ATTR.llmStream]: false,
      [ATTR.llmInputTokens]: 3,
      [ATTR.llmOutputTokens]: 9,
      [ATTR.genAiResponseModel]: "gpt-4o-2024",
      [ATTR.genAiResponseFinishReasons]: ["stop"],
    });
    expect(call.backend.spans[0]?.attributes).not.toHaveProperty(ATTR.llmTtft);
  });

  it("settles a native promise alike, with the same value or the same error", async () => {
    const resolved = createFollowedCall();
    const value = { done: 1 };
    await expect(resolved.follow(Promise.resolve(value))).resolves.toBe(value);
    expect(resolved.outcome).toBe("ok");
    const rejected = createFollowedCall();
    await expect(rejected.follow(Promise.reject(boom))).rejects.toBe(boom);
    expect(rejected.outcome).toBe("error/server_error");
    const aborted = createFollowedCall();
    await expect(aborted.follow(Promise.reject(new DOMException("x", "AbortError")))).rejects.toThrow("x");
    expect(aborted.outcome).toBe("cancelled");
  });

  it("follows the stream a promise settles with", async () => {
    const call = createFollowedCall();
    const stream = generate();
    const settled = await call.follow(Promise.resolve(stream));
    expect(settled).toBe(stream);
    expect(call.outcome).toBe("open");
    await readAll(settled);
    expect(call.outcome).toBe("ok");
  });

  it("leaves a foreign thenable the same object and starts it only when the caller does, once", async () => {
    let started = 0;
    const thenable = {
      extra: "kept",
      // oxlint-disable-next-line unicorn/no-thenable -- it is what is tested
      then(ok: (value: string) => void) {
        started += 1;
        ok("row");
      },
    };
    const call = createFollowedCall();
    const same = call.follow(thenable);
    expect(same).toBe(thenable);
    expect(started).toBe(0);
    expect(await same).toBe("row");
    expect(await same).toBe("row");
    expect([started, same.extra, call.outcome]).toEqual([1, "kept", "ok"]);
  });

  it("leaves a promise subclass the same object", async () => {
    class Task extends Promise<number> {
      readonly label = "task";
    }
    const call = createFollowedCall();
    const task = new Task((resolve) => resolve(5));
    expect(call.follow(task)).toBe(task);
    expect(await task).toBe(5);
    expect(call.outcome).toBe("ok");
  });

  it("hands frozen and hostile objects over untouched and ends", async () => {
    const frozen = createFollowedCall();
    const iteratorLike = Object.freeze(generate());
    expect(frozen.follow(iteratorLike)).toBe(iteratorLike);
    expect(frozen.outcome).toBe("ok");
    expect(await readAll(iteratorLike)).toEqual(HELLO);

    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const revoked = createFollowedCall();
    expect(revoked.follow(proxy) === proxy).toBe(true);
    expect(revoked.outcome).toBe("ok");

    const throwing = createFollowedCall();
    // oxlint-disable-next-line unicorn/no-thenable -- hostile on purpose
    const object = Object.defineProperty({}, "then", {
      get() {
        throw new Error("getter");
      },
    });
    expect(throwing.follow(object)).toBe(object);
    expect(throwing.outcome).toBe("ok");
  });
});

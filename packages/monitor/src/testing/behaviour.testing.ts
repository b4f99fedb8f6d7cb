/**
 * Functions with known behaviour, and a log of everything that can be seen of them from both sides: what the callee was
 * asked to do, and what the caller got. Two logs of the same {@link Behaviour} are equal unless something stood between.
 */
import { getEventListeners, once } from "node:events";
import * as fc from "fast-check";

/** How a function answers. */
export type Shape =
  | "value"
  | "throw"
  | "promise"
  | "rejection"
  | "thenable"
  | "async_generator"
  | "sync_generator"
  | "async_iterable"
  | "readable_stream"
  | "stream_of_a_promise"
  | "client_stream";

/** What a callee makes of its caller's abort. */
export type OnAbort = "throws" | "ends" | "ignores";

/** What the caller does with a stream. */
export type Reading =
  | { readonly kind: "all" }
  /** Aborts by the signal that the callee was given: after so many elements, or while it waits for the next one. */
  | { readonly kind: "abort"; readonly after: number; readonly waiting: boolean }
  | { readonly kind: "break"; readonly after: number }
  | { readonly kind: "return"; readonly after: number }
  | { readonly kind: "throw"; readonly after: number }
  | { readonly kind: "never" };

/** One function and one use of it; pure data, so that it can be played twice. */
export interface Behaviour {
  readonly shape: Shape;
  /** Kinds of the elements, or of the value; see {@link makeElement}. */
  readonly elements: readonly number[];
  /** The stream throws after its elements. */
  readonly fails: boolean;
  /** A generator that catches what is thrown into it and goes on. */
  readonly catches: boolean;
  readonly onAbort: OnAbort;
  readonly reading: Reading;
  readonly args: readonly unknown[];
}

const SHAPES: readonly Shape[] = [
  "value",
  "throw",
  "promise",
  "rejection",
  "thenable",
  "async_generator",
  "sync_generator",
  "async_iterable",
  "readable_stream",
  "stream_of_a_promise",
  "client_stream",
];

const after = fc.nat({ max: 4 });

const reading: fc.Arbitrary<Reading> = fc.oneof(
  fc.constant<Reading>({ kind: "all" }),
  after.map((count): Reading => ({ kind: "break", after: count })),
  after.map((count): Reading => ({ kind: "return", after: count })),
  after.map((count): Reading => ({ kind: "throw", after: count })),
  fc.record({ after, waiting: fc.boolean() }).map((abort): Reading => ({ kind: "abort", ...abort })),
  fc.constant<Reading>({ kind: "never" }),
);

/** Any behaviour. */
export const behaviours: fc.Arbitrary<Behaviour> = fc.record({
  shape: fc.constantFrom(...SHAPES),
  elements: fc.array(fc.nat({ max: 11 }), { maxLength: 5 }),
  fails: fc.boolean(),
  catches: fc.boolean(),
  onAbort: fc.constantFrom<OnAbort>("throws", "ends", "ignores"),
  reading,
  args: fc.array(fc.anything(), { maxLength: 4 }),
});

function trap(): never {
  throw new Error("this object does not like to be looked at");
}

/** Elements and values that a reader might choke on. Made anew for each play; compared by their place. */
function makeElement(kind: number): unknown {
  const circular: Record<string, unknown> = { choices: [{ index: 0, delta: { content: "x" } }] };
  circular["self"] = circular;
  const makers: readonly (() => unknown)[] = [
    () => "text",
    () => ({ object: "chat.completion.chunk", choices: [{ index: 0, delta: { content: "Hi" } }] }),
    () => ({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }], usage: { completion_tokens: 2 } }),
    () => circular,
    () => Object.defineProperty({}, "choices", { get: trap, enumerable: true }),
    () => new Proxy({}, { get: trap, has: trap, ownKeys: trap, getPrototypeOf: trap }),
    () => Object.freeze({ usage: { prompt_tokens: -1, completion_tokens: Number.NaN } }),
    () => undefined,
    () => null,
    () => Symbol("element"),
    () => new Uint8Array([0xff, 0xfe, 0x00]),
    () => "z".repeat(200_000),
  ];
  return (makers[kind % makers.length] ?? trap)();
}

/** Everything seen in one play. Objects are named by where they were made, so that identity is compared. */
export interface Play {
  /** The function to wrap; its log entries say how it was called. */
  readonly fn: (this: unknown, ...args: unknown[]) => unknown;
  readonly log: string[];
  /** Uses the function the way the behaviour says. */
  use(fn: (this: unknown, ...args: unknown[]) => unknown): Promise<void>;
}

/** The shape of the OpenAI and Anthropic streams: their iterator ends quietly, and aborts the request, when it is left. */
class ClientStream {
  readonly controller = new AbortController();
  iterator: () => AsyncIterator<unknown>;

  constructor(steps: () => AsyncGenerator, leave: () => void) {
    const { controller } = this;
    controller.signal.addEventListener("abort", leave);
    this.iterator = async function* iterate() {
      let done = false;
      try {
        for await (const element of steps()) yield element;
        done = true;
      } finally {
        if (!done) controller.abort();
      }
    };
  }

  [Symbol.asyncIterator](): AsyncIterator<unknown> {
    return this.iterator();
  }
}

class Player implements Play {
  readonly log: string[] = [];
  readonly #behaviour: Behaviour;
  readonly #elements: readonly unknown[];
  readonly #names = new Map<unknown, string>();
  readonly #self = { name: "self" };
  readonly #error = new RangeError("of the host");
  readonly #controller = new AbortController();
  /** What the function is given: what the behaviour says and, last, the caller's signal. */
  readonly #args: readonly unknown[];
  readonly fn: (this: unknown, ...args: unknown[]) => unknown;

  constructor(behaviour: Behaviour) {
    this.#behaviour = behaviour;
    this.#elements = behaviour.elements.map(makeElement);
    this.#elements.forEach((element, i) => {
      if (!this.#names.has(element)) this.#names.set(element, `element ${i}`);
    });
    behaviour.args.forEach((arg, i) => {
      if (!this.#names.has(arg)) this.#names.set(arg, `argument ${i}`);
    });
    const { signal } = this.#controller;
    const options = { signal };
    this.#args = [...behaviour.args, options];
    this.#names.set(this.#error, "error").set(this.#self, "self").set(options, "options");
    const called = (self: unknown, given: readonly unknown[]): unknown => {
      this.#note("called", self, ...given);
      return this.#answer();
    };
    this.fn = function original(this: unknown, first?: unknown, second?: unknown, ...rest: unknown[]): unknown {
      const given = [first, second, ...rest].slice(0, arguments.length);
      return called(this, given);
    };
  }

  async use(fn: (this: unknown, ...args: unknown[]) => unknown): Promise<void> {
    this.#note("shape", fn.name, fn.length, Object.keys(fn).join());
    let result: unknown;
    try {
      result = Reflect.apply(fn, this.#self, this.#args);
    } catch (error) {
      return this.#note("threw", error);
    }
    this.#note("returned", this.#describe(result));
    try {
      if (this.#behaviour.shape === "promise" && this.#aborts(0)) this.#abort();
      const settled = this.#behaviour.shape === "value" ? result : await result;
      this.#note("settled", this.#describe(settled));
      await this.#read(settled);
    } catch (error) {
      this.#note("rejected", error);
    }
  }

  #note(what: string, ...values: readonly unknown[]): void {
    this.log.push([what, ...values.map((value) => this.#nameOf(value))].join(" "));
  }

  #nameOf(value: unknown): string {
    return this.#names.get(value) ?? (typeof value === "object" && value !== null ? "an object" : String(value));
  }

  /** What can be seen of a result without reading it; hostile ones are known by identity. */
  #describe(value: unknown): string {
    if (this.#names.has(value)) return this.#nameOf(value);
    if (typeof value !== "object" || value === null) return String(value);
    const own = Reflect.ownKeys(value).filter((key) => Object.getOwnPropertyDescriptor(value, key)?.enumerable);
    return `${Object.prototype.toString.call(value)} ${value.constructor.name} ${own.map(String).join()}`;
  }

  #answer(): unknown {
    const { shape } = this.#behaviour;
    const first = this.#elements[0];
    if (shape === "value") return first;
    if (shape === "throw") throw this.#error;
    if (shape === "promise") return this.#aborts(0) ? this.#stopped(0).then(() => first) : Promise.resolve(first);
    if (shape === "rejection") return Promise.reject(this.#error);
    if (shape === "thenable") return this.#thenable(first);
    if (shape === "sync_generator") return this.#generateSync();
    if (shape === "async_iterable") return { label: "iterable", [Symbol.asyncIterator]: () => this.#generate() };
    if (shape === "readable_stream") return this.#readable();
    if (shape === "client_stream")
      return new ClientStream(
        () => this.#generate(),
        () => this.#note("request aborted"),
      );
    return shape === "stream_of_a_promise" ? Promise.resolve(this.#generate()) : this.#generate();
  }

  /** Whether the caller aborts while the callee works at this element. */
  #aborts(index: number): boolean {
    const { reading } = this.#behaviour;
    return reading.kind === "abort" && reading.waiting && reading.after === index;
  }

  #abort(): void {
    this.#note("aborts", getEventListeners(this.#controller.signal, "abort").length);
    this.#controller.abort(this.#error);
  }

  /** The callee at work on an element, perhaps until its caller aborts; whether it ends for that. */
  async #stopped(index: number): Promise<boolean> {
    const { signal } = this.#controller;
    if (this.#aborts(index) && !signal.aborted) await once(signal, "abort");
    if (!signal.aborted || this.#behaviour.onAbort === "ignores") return false;
    this.#note("saw the abort", signal.reason);
    if (this.#behaviour.onAbort === "throws") throw signal.reason;
    return true;
  }

  #thenable(value: unknown): object {
    const note = (what: string): void => this.#note(what);
    const { fails } = this.#behaviour;
    const error = this.#error;
    return {
      // oxlint-disable-next-line unicorn/no-thenable -- that is what is tested
      then(ok?: (value: unknown) => unknown, bad?: (error: unknown) => unknown) {
        note("subscribed");
        return fails ? bad?.(error) : ok?.(value);
      },
    };
  }

  async *#generate(): AsyncGenerator<unknown, string, unknown> {
    this.#note("started");
    // Less than its index where an element could not be yielded: a hostile one is awaited before.
    let taken = 0;
    try {
      for (const element of this.#elements) {
        if (await this.#stopped(taken)) return "ended by abort";
        try {
          this.#note("got", yield element);
          taken += 1;
        } catch (error) {
          this.#note("was thrown", error);
          if (!this.#behaviour.catches) throw error;
        }
      }
      if (await this.#stopped(taken)) return "ended by abort";
      if (this.#behaviour.fails) throw this.#error;
      return "returned value";
    } finally {
      this.#note("closed");
    }
  }

  *#generateSync(): Generator<unknown, string, unknown> {
    yield* this.#steps();
    return "returned value";
  }

  *#steps(): Generator<unknown, void, unknown> {
    this.#note("started");
    try {
      for (const element of this.#elements) {
        try {
          this.#note("got", yield element);
        } catch (error) {
          this.#note("was thrown", error);
          if (!this.#behaviour.catches) throw error;
        }
      }
      if (this.#behaviour.fails) throw this.#error;
    } finally {
      this.#note("closed");
    }
  }

  #readable(): ReadableStream<unknown> {
    let index = 0;
    return new ReadableStream<unknown>(
      {
        pull: async (controller) => {
          this.#note("pulled");
          if (await this.#stopped(index)) controller.close();
          else if (index < this.#elements.length) controller.enqueue(this.#elements[index++]);
          else if (this.#behaviour.fails) controller.error(this.#error);
          else controller.close();
        },
        cancel: (reason) => this.#note("cancelled", reason),
      },
      { highWaterMark: 0 },
    );
  }

  async #read(stream: unknown): Promise<void> {
    if (this.#names.has(stream) || typeof stream !== "object" || stream === null) return;
    if (this.#behaviour.reading.kind === "never") return;
    if (stream instanceof ReadableStream) return this.#readReadable(stream);
    if (Symbol.asyncIterator in stream || Symbol.iterator in stream) {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- narrowed above
      await this.#iterate(stream as AsyncIterable<unknown>);
    }
  }

  async #iterate(stream: AsyncIterable<unknown> | Iterable<unknown>): Promise<void> {
    const iterator = Symbol.asyncIterator in stream ? stream[Symbol.asyncIterator]() : stream[Symbol.iterator]();
    const { reading } = this.#behaviour;
    if (await this.#take((count) => iterator.next(`sent ${count}`))) return;
    if (reading.kind === "throw") this.#step("after throw", await iterator.throw?.(this.#error));
    else this.#step("after return", await iterator.return?.("early"));
    this.#step("after the end", await iterator.next());
  }

  /** Reads as far as the behaviour says; true when there was no more to read. */
  async #take(
    read: (count: number) => PromiseLike<IteratorResult<unknown>> | IteratorResult<unknown>,
  ): Promise<boolean> {
    const { reading } = this.#behaviour;
    const limit = "after" in reading && reading.kind !== "abort" ? reading.after : Number.POSITIVE_INFINITY;
    for (let count = 0; count < limit; count += 1) {
      const abortsHere = reading.kind === "abort" && reading.after === count;
      if (abortsHere && !reading.waiting) this.#abort();
      const step = read(count);
      if (abortsHere && reading.waiting) this.#abort();
      const { done, value } = await step;
      this.#note(done === true ? "done" : "element", value);
      if (done === true) return true;
    }
    return false;
  }

  #step(what: string, step: IteratorResult<unknown> | undefined): void {
    this.#note(what, step?.done, step?.value);
  }

  async #readReadable(stream: ReadableStream<unknown>): Promise<void> {
    const reader = stream.getReader();
    if (await this.#take(() => reader.read())) return;
    await reader.cancel("enough");
    this.#note("locked", stream.locked);
  }
}

/** A fresh play of a behaviour. */
export function createPlay(behaviour: Behaviour): Play {
  return new Player(behaviour);
}

import { describe, expect, expectTypeOf, it } from "vitest";
import { createDecorator, originalOf, type AnyFunction, type Decorator } from "./wrap.ts";

interface Seen {
  readonly decorator: Decorator;
  readonly calls: { readonly fn: AnyFunction; readonly self: unknown; readonly args: unknown[] }[];
  readonly misuses: string[];
  on: boolean;
}

function createSeen(kind: "llm" | "endpoint" = "llm"): Seen {
  const calls: Seen["calls"] = [];
  const misuses: string[] = [];
  const seen: Seen = {
    calls,
    misuses,
    on: true,
    decorator: createDecorator(
      {
        kind,
        applied: () => undefined,
        isOn: () => seen.on,
        call(fn, self, args) {
          calls.push({ fn, self, args: [...args] });
          return Reflect.apply(fn, self, args);
        },
      },
      (what) => misuses.push(what),
    ),
  };
  return seen;
}

describe("plain wrapper", () => {
  it("passes this, arguments and result on, keeps name, length and own properties", () => {
    const { decorator, calls } = createSeen();
    function ask(this: { factor: number }, a: number, b: number): number {
      return this.factor * (a + b);
    }
    ask.version = 7;
    const wrapped = decorator(ask);
    const self = { factor: 2, wrapped };
    expect(self.wrapped(1, 2)).toBe(6);
    expect(calls).toEqual([{ fn: ask, self, args: [1, 2] }]);
    expect([wrapped.name, wrapped.length, wrapped.version]).toEqual(["ask", 2, 7]);
  });

  it("carries the metadata that frameworks keep by function", () => {
    const kept = new WeakMap<object, Map<string, unknown>>();
    const metadata = {
      getOwnMetadataKeys: (target: object) => [...(kept.get(target)?.keys() ?? [])],
      getOwnMetadata: (key: string, target: object) => kept.get(target)?.get(key),
      defineMetadata: (key: string, value: unknown, target: object) =>
        void kept.set(target, new Map(kept.get(target)).set(key, value)),
    };
    Object.assign(Reflect, metadata);
    const original = (): number => 1;
    metadata.defineMetadata("path", "/chats", original);
    const wrapped = createSeen().decorator(original);
    for (const name of Object.keys(metadata)) Reflect.deleteProperty(Reflect, name);
    expect(metadata.getOwnMetadata("path", wrapped)).toBe("/chats");
  });

  it("calls the original and nothing else when off", () => {
    const seen = createSeen();
    const wrapped = seen.decorator((a: number) => a + 1);
    seen.on = false;
    expect(wrapped(1)).toBe(2);
    expect(seen.calls).toEqual([]);
  });

  it("is the identity on a wrapped function", () => {
    const { decorator } = createSeen();
    const wrapped = decorator(() => 1);
    expect(decorator(wrapped)).toBe(wrapped);
  });

  it("goes around a function that is wrapped for another purpose, once", () => {
    const [llm, endpoint] = [createSeen("llm"), createSeen("endpoint")];
    const original = (a: number): number => a + 1;
    const both = endpoint.decorator(llm.decorator(original));
    expect([both(1), llm.calls.length, endpoint.calls.length]).toEqual([2, 1, 1]);
    expect([llm.decorator(both) === both, endpoint.decorator(both) === both, originalOf(both)]).toEqual([
      true,
      true,
      original,
    ]);
  });

  it("returns the same error, thrown at the same time", () => {
    const error = new Error("mine");
    const wrapped = createSeen().decorator((): never => {
      throw error;
    });
    expect(() => wrapped()).toThrow(error);
  });
});

describe("TC39 decorator", () => {
  const { decorator, calls } = createSeen();

  class Assistant {
    static readonly prefix = ">";
    readonly #suffix = "!";

    @decorator
    ask(question: string): string {
      return question + this.#suffix;
    }

    @decorator
    static greet(name: string): string {
      return `${this.prefix} ${name}`;
    }

    @decorator
    async *stream(count: number): AsyncGenerator<number, void, unknown> {
      for (let i = 0; i < count; i += 1) yield i;
    }
  }

  it("wraps methods, static ones and generators included, with private fields intact", async () => {
    const assistant = new Assistant();
    expect(assistant.ask("why")).toBe("why!");
    expect(Assistant.greet("you")).toBe("> you");
    const seen: number[] = [];
    for await (const value of assistant.stream(3)) seen.push(value);
    expect(seen).toEqual([0, 1, 2]);
    expect(calls.map(({ fn }) => fn.name)).toEqual(["ask", "greet", "stream"]);
    expect(Assistant.prototype.ask.name).toBe("ask");
    expect(Assistant.prototype.ask.length).toBe(1);
  });
});

describe("legacy decorator", () => {
  it("gives back a descriptor with the wrapped method", () => {
    const { decorator, calls } = createSeen();
    class Assistant {
      ask(question: string): string {
        return `${question}!`;
      }
    }
    const descriptor = Object.getOwnPropertyDescriptor(Assistant.prototype, "ask");
    if (descriptor === undefined) throw new Error("no method");
    Object.defineProperty(Assistant.prototype, "ask", decorator(Assistant.prototype, "ask", descriptor));
    expect(new Assistant().ask("why")).toBe("why!");
    expect(calls).toHaveLength(1);
    expect(Object.getOwnPropertyDescriptor(Assistant.prototype, "ask")).toMatchObject({
      enumerable: false,
      writable: true,
    });
  });
});

class Model {
  readonly size = 1;
}

describe("misuse", () => {
  it.each([
    [{}, undefined, "something that is no function"],
    [undefined, { kind: "field", name: "x" }, "a field"],
    [Model, undefined, "a class"],
    [Model, { kind: "class", name: "Model" }, "a class"],
    [function get() {}, { kind: "getter", name: "x" }, "a getter"],
  ])("leaves %o as it was and tells it", (target, context, what) => {
    const { decorator, misuses } = createSeen();
    expect(Reflect.apply(decorator, undefined, [target, context])).toBe(target);
    expect(misuses).toEqual([what]);
  });
});

describe("types", () => {
  const { decorator } = createSeen();

  it("keep generics, overloads, this, predicates and async generators", () => {
    const generic = decorator(<T extends string>(value: T): readonly T[] => [value]);
    expectTypeOf(generic("a" as const)).toEqualTypeOf<readonly "a"[]>();

    function overloaded(value: string): string;
    function overloaded(value: number): number;
    function overloaded(value: string | number): string | number {
      return value;
    }
    const both = decorator(overloaded);
    expectTypeOf(both("a")).toEqualTypeOf<string>();
    expectTypeOf(both(1)).toEqualTypeOf<number>();

    const predicate = decorator((value: unknown): value is string => typeof value === "string");
    const unknownValue: unknown = "x";
    if (predicate(unknownValue)) expectTypeOf(unknownValue).toEqualTypeOf<string>();

    const bound = decorator(function factor(this: { factor: number }, value: number): number {
      return value * this.factor;
    });
    expectTypeOf(bound).thisParameter.toEqualTypeOf<{ factor: number }>();

    const stream = decorator(async function* numbers(): AsyncGenerator<number, string, boolean> {
      yield 1;
      return "end";
    });
    expectTypeOf(stream()).toEqualTypeOf<AsyncGenerator<number, string, boolean>>();
  });

  it("refuse what is no method", () => {
    const check = (): void => {
      // @ts-expect-error a number cannot be wrapped
      decorator(5);
      // @ts-expect-error the arguments stay typed
      decorator((value: string) => value)(1);
      class Wrong {
        // @ts-expect-error a field is not a method
        @decorator
        field = 1;
      }
      expect(Wrong).toBeDefined();
    };
    expect(check).toBeTypeOf("function");
  });
});

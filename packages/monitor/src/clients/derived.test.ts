import { expect, it } from "vitest";
import { derive } from "./derived.ts";

class Plain {
  name = "own";
  readonly open: string[] = [];
  tell(): string {
    return this.name;
  }
}

class Private extends Plain {
  readonly #secret = "s";
  override tell(): string {
    return this.#secret + this.name;
  }
}

it("replaces members for one call and shares the rest", () => {
  const target = new Plain();
  const derived = derive(target, { name: "other" });
  expect(Reflect.apply(Reflect.get(target, "tell"), derived, [])).toBe("other");
  expect(target.tell()).toBe("own");
  expect(Reflect.get(derived, "open")).toBe(target.open);
  expect(derived).toBeInstanceOf(Plain);
});

it("leaves an object with private members alone: they could not be read through another", () => {
  const target = new Private();
  expect(derive(target, { name: "other" })).toBe(target);
  class Sub extends Private {}
  const sub = new Sub();
  expect(derive(sub, {})).toBe(sub);
});

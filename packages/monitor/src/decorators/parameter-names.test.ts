import { runInThisContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parametersOf } from "./parameter-names.ts";

type AnyFunction = (...args: never[]) => unknown;

/** A function from source, so that no compiler touches its parameter list first. */
function fromSource(source: string): AnyFunction {
  const made: unknown = runInThisContext(`(${source})`);
  if (typeof made !== "function") throw new Error("no function");
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- any function will do
  return made as AnyFunction;
}

/** Names as the test writes them: `a`, `...rest`, `{x,y}`, `?` for none. */
function namesOf(source: string): readonly string[] {
  return parametersOf(fromSource(source)).map((parameter) => {
    if (parameter.kind === "fields") return `{${parameter.names.join()}}`;
    if (parameter.kind === "unnamed") return "?";
    return parameter.rest ? `...${parameter.name}` : parameter.name;
  });
}

describe("parametersOf", () => {
  it.each([
    ["function () {}", ""],
    ["function named(a, b) { return (c, d) => a; }", "a b"],
    ["async function named(a) {}", "a"],
    ["function* named(a) {}", "a"],
    ["() => 1", ""],
    ["a => a", "a"],
    ["async a => a", "a"],
    ["async (a, b) => a", "a b"],
    ["({ method(a, b) {} }).method", "a b"],
    ["({ async *method(a) {} }).method", "a"],
    ["({ ['x(y' + ')'](a) {} })['x(y)']", "a"],
    ["({ 'na(me'(a) {} })['na(me']", "a"],
    ["class { static method(a) {} }.method", "a"],
    ["(a = 1, b = '),(', c = `${[1, 2].map((x) => `(${x},`)}`) => a", "a b c"],
    ["(a = /[/,)]\\/,/g, b = 4 / 2 / 1, c) => a", "a b c"],
    ["(a = { x: [1, (2, 3)] }, b = (() => ({ y: ',' }))()) => a", "a b"],
    ["(/* first, of two */ a, // the ) second\n b /* end */) => a", "a b"],
    ["({ a, b: c, 'd-e': f, g = 1, [`h`]: i, ...rest }, [j, k], l) => a", "{a,b,d-e,g} ? l"],
    ["({ a = { b: 1, c: [2, 3] }, d } = {}, ...rest) => a", "{a,d} ...rest"],
    ["($a, _b, é, 名) => $a", "$a _b é 名"],
    ["Math.max", ""],
    ["function (a) {}.bind(null)", ""],
  ])("reads %s", (source, names) => {
    expect(namesOf(source).join(" ")).toBe(names);
  });

  it("reads any list of names and defaults it is made of", () => {
    const name = fc.stringMatching(/^[a-z$_][a-zA-Z0-9$_]{0,8}$/).map((text) => `p${text}`);
    const filler = fc.constantFrom(
      "",
      " = 1",
      " = ','",
      ' = ")("',
      " = `${'}'},`", // oxlint-disable-line no-template-curly-in-string -- source text
      " = [1, 2]",
      " = { a: (1, 2) }",
      " = (x, y) => x",
      " /* , */",
      " = /[)]/",
      " = 1 / 2",
    );
    const list = fc.uniqueArray(fc.tuple(name, filler), { selector: ([one]) => one, maxLength: 6 });
    const shape = fc.constantFrom(
      (params: string) => `function named(${params}) { return [1, 2]; }`,
      (params: string) => `async (${params}) => (1, 2)`,
      (params: string) => `({ async method(${params}) {} }).method`,
    );
    fc.assert(
      fc.property(list, shape, (parameters, write) => {
        const source = write(parameters.map(([one, more]) => one + more).join(", "));
        expect(namesOf(source)).toEqual(parameters.map(([one]) => one));
      }),
    );
  });

  it("knows nothing of a list that is too long", () => {
    expect(namesOf(`(a = "${"x".repeat(5000)}", b) => a`)).toEqual([]);
    expect(namesOf(`(a, b = ${"[".repeat(500)}${"]".repeat(500)}) => a`)).toEqual(["a", "b"]);
  });

  it("does not throw for what hides its source", () => {
    const revoked = Proxy.revocable(fromSource("(a) => a"), {});
    revoked.revoke();
    expect(parametersOf(revoked.proxy)).toEqual([]);
    expect(parametersOf(new Proxy(fromSource("(a) => a"), {}))).toEqual([]);
  });
});

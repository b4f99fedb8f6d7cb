import { describe, expect, it } from "vitest";
import { isSecretName, paramAttributes } from "./endpoint-params.ts";
import type { Parameter } from "./parameter-names.ts";

function names(...list: string[]): readonly Parameter[] {
  return list.map((name) =>
    name.startsWith("...") ? { kind: "name", name: name.slice(3), rest: true } : { kind: "name", name, rest: false },
  );
}

const capture = (
  parameters: readonly Parameter[],
  args: readonly unknown[],
  include: readonly string[],
  exclude: readonly string[] = [],
): object => paramAttributes(parameters, args, { include, exclude });

describe("captured parameters", () => {
  it("are those on the list, and no others", () => {
    expect(capture(names("id", "text", "more"), ["7", "hello", true], ["id", "more", "absent"])).toEqual({
      "param.id": "7",
      "param.more": true,
    });
    expect(capture(names("id"), ["7"], [])).toEqual({});
  });

  it("are all with a star, minus what is excluded", () => {
    const args = ["7", { model: "m", question: "?", nested: { deep: 1 } }, [1, 2]];
    expect(capture(names("id", "request", "list"), args, ["*"], ["id", "request.question"])).toEqual({
      "param.request.model": "m",
      "param.list": [1, 2],
    });
    expect(capture(names("id", "request"), args, ["*"], ["request"])).toEqual({ "param.id": "7" });
  });

  it("can be single fields, also of destructured objects", () => {
    const request = { model: "m", question: "?", size: 3 };
    expect(capture(names("request"), [request], ["request.model", "request.absent"])).toEqual({
      "param.request.model": "m",
    });
    expect(capture([{ kind: "fields", names: ["model", "size"] }], [request], ["size"])).toEqual({ "param.size": 3 });
    expect(capture([{ kind: "unnamed" }, ...names("b")], [1, 2], ["*"])).toEqual({ "param.b": 2 });
  });

  it("hold scalars and lists of them: unknown is absent", () => {
    const args = [undefined, null, Number.NaN, 5n, Symbol("s"), () => 1, new Map([[1, 2]]), [1, "a", true], [{}], []];
    const list = names("a", "b", "c", "d", "e", "f", "g", "h", "i", "j");
    expect(capture(list, args, ["*"])).toEqual({ "param.d": "5", "param.h": ["1", "a", "true"], "param.j": [] });
    expect(capture(names("first", "...rest"), [1, 2, 3], ["rest"])).toEqual({ "param.rest": [2, 3] });
  });

  it("never hold what is named like a secret or looks like one", () => {
    const args = ["hunter2", { apiKey: "abc", model: "m", password: "p" }, "Bearer abcdef0123456789"];
    expect(capture(names("password", "request", "header"), args, ["*", "password", "request.apiKey"])).toEqual({
      "param.request.model": "m",
      "param.header": "Bearer [key]",
    });
  });

  it("are bounded in number and length", () => {
    const wide = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`f${i}`, i]));
    expect(Object.keys(capture(names("a", "b", "c"), [wide, wide, wide], ["*"]))).toHaveLength(32);
    const [text] = Object.values(capture(names("a"), ["x".repeat(10_000)], ["a"]));
    expect(text).toHaveLength(256);
    expect(Object.values(capture(names("a"), [Array.from({ length: 99 }, () => 1)], ["a"]))[0]).toHaveLength(16);
  });

  it("leave a hostile argument out and keep the others", () => {
    const hostile = new Proxy(
      {},
      {
        ownKeys() {
          throw new Error("no keys");
        },
      },
    );
    const throwing = Object.defineProperty({}, "x", {
      enumerable: true,
      get() {
        throw new Error("getter");
      },
    });
    expect(capture(names("a", "b", "c"), [hostile, throwing, 1], ["*"])).toEqual({ "param.c": 1 });
  });
});

describe("isSecretName", () => {
  it("goes by the words of a name", () => {
    const secret = [
      "password",
      "userPassword",
      "apiKey",
      "api_key",
      "X-Api-Key",
      "accessToken",
      "clientSecret",
      "Authorization",
    ];
    const plain = ["tokens", "maxTokens", "tokenCount", "keyboard", "monkey", "author", "keyName", "secretary"];
    expect(secret.filter((name) => !isSecretName(name))).toEqual([]);
    expect(plain.filter(isSecretName)).toEqual([]);
  });
});

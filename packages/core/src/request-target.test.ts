import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hasDotSegments, parseRequestTarget } from "./request-target.ts";

describe("parseRequestTarget", () => {
  it.each([
    ["/", "/", ""],
    ["/v1/chat/completions", "/v1/chat/completions", ""],
    ["/a?b=c?d", "/a", "?b=c?d"],
    ["/a?", "/a", "?"],
    ["/%zz%", "/%zz%", ""],
    ["/a//b", "/a//b", ""],
    ["/?next=http://host//x", "/", "?next=http://host//x"],
    ["/caf\u00e9", "/caf\u00e9", ""],
  ])("splits %s", (target, path, query) => {
    expect(parseRequestTarget(target)).toEqual({ path, query });
  });

  it.each([
    undefined,
    "",
    "*",
    "//",
    "//host/path",
    "/\\host",
    "http://host/path",
    "host:443",
    "?a=b",
    "/a#b",
    "/a b",
    "/a\r\nHost: b",
    "/\u0000",
    "/\u007f",
    "/\u4f60",
  ])("refuses %j", (target) => {
    expect(parseRequestTarget(target)).toBeUndefined();
  });

  it("never throws and loses no byte of what it takes", () => {
    const target = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.string().map((text) => `/${text}`),
    );
    fc.assert(
      fc.property(target, (text) => {
        const parsed = parseRequestTarget(text);
        if (parsed !== undefined) expect(parsed.path + parsed.query).toBe(text);
      }),
    );
  });
});

describe("hasDotSegments", () => {
  it.each([
    "/..",
    "/.",
    "/a/../b",
    "/a/./b",
    "/a/..",
    "/a/%2e%2e/b",
    "/a/.%2E/b",
    "/a\\..\\b",
    "/a%2f..%2Fb",
    "/a%5c%2e%2e",
  ])("sees the way out in %s", (path) => {
    expect(hasDotSegments(path)).toBe(true);
  });

  it.each(["/", "/a.b/c", "/a/...", "/..a/b", "/models/gpt-3.5", "/a/%2e%2e%2e", "/a/..%20"])("passes %s", (path) => {
    expect(hasDotSegments(path)).toBe(false);
  });
});

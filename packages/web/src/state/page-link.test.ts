import { describe, expect, it } from "vitest";
import { pageLink, rangeReaching, safeNext } from "./page-link.ts";

describe("the address after signing in", () => {
  it.each(["//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)", "", null, "/\t/evil"])(
    "refuses %s",
    (next) => expect(safeNext(next)).toBe("/"),
  );
  it("keeps a path of this origin with its query", () => {
    expect(safeNext("/requests?m=gpt-4o#stream")).toBe("/requests?m=gpt-4o#stream");
  });
});

describe("a link to another page", () => {
  it("carries the range even when it is this page's default", () => {
    expect(pageLink("/requests", "", "1h", "15m")).toBe("/requests?t=1h");
    expect(pageLink("/", "?t=15m", "1h", "1h")).toBe("/?t=15m");
    expect(pageLink("/", "", "15m", "1h")).toBe("/?t=15m");
  });
  it("carries models, not the selection", () => {
    expect(pageLink("/", "?m=a&m=b&sel=x&f=y", "1h", "1h")).toBe("/?m=a&m=b");
  });
});

it("finds the shortest range that reaches a moment", () => {
  expect(rangeReaching(60_000)).toBe("5m");
  expect(rangeReaching(3 * 3_600_000)).toBe("6h");
  expect(rangeReaching(40 * 86_400_000)).toBeUndefined();
});

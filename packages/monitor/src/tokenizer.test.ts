import { describe, expect, it } from "vitest";
import type { LoadResult } from "./backend/load.ts";
import { gptTokenizer } from "./tokenizer.ts";

/** A package of this name that counts characters. */
function tokenizerOver(exports: unknown, loads: string[] = [], status: LoadResult["status"] = "loaded") {
  const load = (name: string): LoadResult => {
    loads.push(name);
    if (status === "missing") return { status, name };
    if (status === "broken") return { status, name, reason: "no such file" };
    return { status, exports, version: "4.0.0" };
  };
  return gptTokenizer({ loader: { load } });
}

describe("gptTokenizer", () => {
  it("loads the vocabulary of a model at its first text, once, and takes special tokens as text", () => {
    const loads: string[] = [];
    const seen: unknown[] = [];
    const countTokens = (text: string, options: unknown): number => seen.push(options) && text.length;
    const count = tokenizerOver({ countTokens }, loads);
    expect(loads).toEqual([]);
    const models = ["gpt-4o", "gpt-4", "gpt-4.1", "gpt-4-turbo", "gpt-3.5-turbo", "o3", "llama3", "unknown"];
    for (const model of models) expect(count("abc", model)).toBe(3);
    expect(loads).toEqual(["gpt-tokenizer/encoding/o200k_base", "gpt-tokenizer/encoding/cl100k_base"]);
    expect(seen[0]).toEqual({ disallowedSpecial: new Set() });
  });

  it.each([
    ["missing", undefined],
    ["broken", undefined],
    ["loaded", { encode: () => [] }],
  ] as const)("counts nothing when the package is %s and of no use", (status, exports) => {
    expect(tokenizerOver(exports, [], status)("abc", "gpt-4o")).toBeUndefined();
  });
});

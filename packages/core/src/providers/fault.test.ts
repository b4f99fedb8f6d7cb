import { describe, expect, it } from "vitest";
import { readFault } from "./fault.ts";

describe("the fault of a provider", () => {
  it.each([
    [
      { code: "invalid_api_key", message: "bad key sk-1" },
      { errorType: "auth", code: "invalid_api_key" },
    ],
    [
      { code: null, type: "overloaded_error" },
      { errorType: "overloaded", code: "overloaded_error" },
    ],
    [
      { code: 429, status: "RESOURCE_EXHAUSTED" },
      { errorType: "rate_limited", code: "429" },
    ],
    [{ code: "vendor/odd-code:7.1" }, { errorType: "stream_error", code: "vendor/odd-code:7.1" }],
    ["the engine died", { errorType: "stream_error" }],
  ])("%j is %j", (error, fault) => {
    expect(readFault(error)).toEqual(fault);
  });

  it("keeps no code that is a sentence or longer than a word, but still its type", () => {
    const prose = "You asked: what is the capital of France?";
    expect(readFault({ code: prose })).toEqual({ errorType: "stream_error" });
    expect(readFault({ code: prose, type: "server_error" })).toEqual({
      errorType: "server_error",
      code: "server_error",
    });
    expect(readFault({ code: "x".repeat(65) })).toEqual({ errorType: "stream_error" });
  });
});

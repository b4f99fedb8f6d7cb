import { APIConnectionError, APIConnectionTimeoutError, APIError, APIUserAbortError, RateLimitError } from "openai";
import { describe, expect, it } from "vitest";
import { endOfAbort, endOfThrown } from "./thrown-error.ts";

const withCode = (code: string): Error => Object.assign(new Error("failed"), { code });

describe("endOfThrown", () => {
  it.each([
    [400, "invalid_request"],
    [401, "auth"],
    [402, "quota"],
    [404, "not_found"],
    [408, "timeout"],
    [413, "invalid_request"],
    [429, "rate_limited"],
    [500, "server_error"],
    [503, "overloaded"],
    [504, "timeout"],
    [529, "overloaded"],
  ])("maps a numeric status %d to %s", (status, errorType) => {
    const error = Object.assign(new Error("failed"), { status });
    expect(endOfThrown(error, "call")).toMatchObject({ outcome: "error", errorType, httpStatus: status, error });
  });

  it("tells a used-up quota from a rate limit by the provider's code", () => {
    const error = new RateLimitError(429, { code: "insufficient_quota" }, "no quota", new Headers());
    expect(endOfThrown(error, "call")).toMatchObject({ errorType: "quota", errorCode: "insufficient_quota" });
    const data = { error: { code: "insufficient_quota" } };
    const ofAiSdk = Object.assign(new Error("no quota"), { statusCode: 429, data });
    expect(endOfThrown(ofAiSdk, "call")).toMatchObject({ errorType: "quota", httpStatus: 429 });
  });

  it("counts an abort as cancelled, a timeout as error", () => {
    expect(endOfThrown(new DOMException("aborted", "AbortError"), "stream")).toEqual({ outcome: "cancelled" });
    expect(endOfThrown(new APIUserAbortError(), "call")).toEqual({ outcome: "cancelled" });
    expect(endOfThrown(new DOMException("late", "TimeoutError"), "call")).toMatchObject({ errorType: "timeout" });
    expect(endOfThrown(new APIConnectionTimeoutError(), "call")).toMatchObject({ errorType: "timeout" });
    const wrapped = new Error("Request was aborted", { cause: new DOMException("late", "TimeoutError") });
    expect(endOfThrown(wrapped, "call")).toMatchObject({ errorType: "timeout" });
  });

  it("calls a broken connection by where it broke", () => {
    const refused = new TypeError("fetch failed", { cause: withCode("ECONNREFUSED") });
    expect(endOfThrown(refused, "call")).toMatchObject({ errorType: "connection" });
    expect(endOfThrown(new APIConnectionError({ cause: refused }), "call")).toMatchObject({ errorType: "connection" });
    expect(endOfThrown(new TypeError("terminated"), "stream")).toMatchObject({ errorType: "stream_interrupted" });
    expect(endOfThrown(withCode("ECONNRESET"), "stream")).toMatchObject({ errorType: "stream_interrupted" });
  });

  it("reads an error event under status 200", () => {
    const event = (error: object): APIError => new APIError(undefined, error, undefined, new Headers());
    expect(endOfThrown(event({ type: "overloaded_error" }), "stream")).toMatchObject({ errorType: "overloaded" });
    expect(endOfThrown(event({ type: "InternalServerError", code: 500 }), "stream")).toMatchObject({
      errorType: "server_error",
    });
    expect(endOfThrown(event({ message: "odd" }), "stream")).toMatchObject({ errorType: "stream_error" });
    expect(endOfThrown(new SyntaxError("Unexpected token"), "stream")).toMatchObject({ errorType: "protocol" });
  });

  it("calls everything else the application's own error", () => {
    expect(endOfThrown(new Error("my bug"), "call")).toMatchObject({ outcome: "error", errorType: "application" });
    expect(endOfThrown(undefined, "call")).toMatchObject({ outcome: "error", errorType: "application" });
  });

  it("survives a cause that leads in a circle and getters that throw", () => {
    const circle: { cause?: unknown } = {};
    circle.cause = circle;
    expect(endOfThrown(circle, "call").outcome).toBe("error");
    const hostile = Object.defineProperty({}, "status", {
      get() {
        throw new Error("no");
      },
    });
    expect(endOfThrown(hostile, "call").outcome).toBe("error");
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    expect(endOfThrown(proxy, "call")).toMatchObject({ outcome: "error", errorType: "application" });
  });
});

describe("endOfAbort", () => {
  it("is cancelled, or a timeout when that was the reason", () => {
    expect(endOfAbort(new DOMException("aborted", "AbortError"))).toEqual({ outcome: "cancelled" });
    expect(endOfAbort(undefined)).toEqual({ outcome: "cancelled" });
    expect(endOfAbort(new DOMException("late", "TimeoutError"))).toMatchObject({
      outcome: "error",
      errorType: "timeout",
    });
  });
});

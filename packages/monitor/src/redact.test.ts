import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { describeThrown, redactMessage, safeProperty } from "./redact.ts";

describe("redactMessage", () => {
  it.each([
    ["Incorrect API key provided: sk-proj-CANARYcanary123456", "CANARY"],
    ["bad key AIzaCANARYCANARY123", "CANARY"],
    ["Authorization: Bearer CANARY.token", "CANARY"],
    ["connect https://user:CANARY@host/path failed", "CANARY"],
    ["GET https://host/path?key=CANARY failed", "CANARY"],
    ['invalid content: "CANARY this is the prompt the user has typed, word by word"', "CANARY"],
    ["password=CANARY", "CANARY"],
  ])("hides the secret in %s", (message, secret) => {
    expect(redactMessage(message)).not.toContain(secret);
  });

  it("leaves an ordinary message as it is", () => {
    expect(redactMessage("429 You exceeded your current quota")).toBe("429 You exceeded your current quota");
  });

  it("is bounded in length and time for any text", () => {
    expect(redactMessage("x".repeat(100_000_000)).length).toBeLessThanOrEqual(256);
    fc.assert(fc.property(fc.string({ maxLength: 5000, unit: "binary" }), (text) => redactMessage(text).length <= 256));
  });
});

describe("describeThrown", () => {
  it("names the class and the message of an error", () => {
    class QuotaError extends Error {}
    expect(describeThrown(new QuotaError("no more"))).toEqual({ type: "QuotaError", message: "no more" });
    expect(describeThrown("plain text")).toEqual({ type: "string", message: "plain text" });
    expect(describeThrown(undefined)).toEqual({ type: "undefined", message: "" });
  });

  it("survives hostile values", () => {
    const hostile = {
      get message(): string {
        throw new Error("no");
      },
    };
    expect(describeThrown(hostile)).toEqual({ type: "Object", message: "" });
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    expect(describeThrown(proxy).message).toBe("");
    expect(safeProperty(proxy, "anything")).toBeUndefined();
    expect(describeThrown(Object.create(null)).message).toBe("");
  });
});

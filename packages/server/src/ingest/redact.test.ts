import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isSecretKey, redactText } from "./redact.ts";

const SECRET = "CANARYcanary0123456789CANARYcanary0123456789";

describe("redactText", () => {
  it.each([
    ["an OpenAI key", `key sk-${SECRET} used`, "key [redacted] used"],
    ["a project key", `sk-proj-${SECRET}`, "[redacted]"],
    ["a Google key", `AIza${SECRET}`, "[redacted]"],
    ["a GitHub token", `"ghp_${SECRET}"`, '"[redacted]"'],
    ["an AWS key id", "AKIAIOSFODNN7EXAMPLE.", "[redacted]."],
    ["a token of our own", `nxm_ing_${SECRET}`, "[redacted]"],
    ["a bearer credential", `Authorization: Bearer ${SECRET}`, "Authorization: Bearer [redacted]"],
    ["a JWT", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N", "[redacted]"],
    ["URL credentials", `https://user:${SECRET}@host/path`, "https://[redacted]@host/path"],
    ["a key in a query", `https://host/p?a=1&key=${SECRET}&b=2`, "https://host/p?a=1&key=[redacted]&b=2"],
    [
      "a private key block",
      `x -----BEGIN RSA PRIVATE KEY-----\n${SECRET}\n-----END RSA PRIVATE KEY----- y`,
      "x [redacted] y",
    ],
    ["a private key block without an end", `-----BEGIN PRIVATE KEY-----\n${SECRET}`, "[redacted]"],
  ])("removes %s", (_, text, clean) => {
    expect(redactText(text)).toBe(clean);
  });

  it.each([
    "task-0123456789abcdefghijkl is a word",
    "risk-adjusted-return-on-capital",
    "sk-short",
    "https://host/path?page=2&keyword=llm",
    "mail a@b.example about ://",
    "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
    "Bearer of news",
  ])("keeps %s", (text) => {
    expect(redactText(text)).toBe(text);
  });

  it("is idempotent and leaves no canary, whatever surrounds it", () => {
    const secrets = fc.constantFrom(
      ` sk-${SECRET}`,
      ` AIza${SECRET}`,
      ` Bearer ${SECRET}`,
      `?key=${SECRET}`,
      `https://a:${SECRET}@h`,
      `-----BEGIN PRIVATE KEY-----${SECRET}`,
    );
    const noise = fc.oneof(
      fc.string(),
      fc.constantFrom("&", "=", "?", "://", "@", " ", "Bearer ", "sk-", "eyJ", "-----"),
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(noise, secrets), { maxLength: 8 }), (parts) => {
        const once = redactText(parts.join(" "));
        expect(redactText(once)).toBe(once);
        expect(once).not.toContain(SECRET);
      }),
      { numRuns: 1_000 },
    );
  });

  it("ends on long texts that are nothing but beginnings of secrets", () => {
    // Quadratic work on one of these takes minutes, and the test fails by its time limit.
    for (const piece of ["eyJ-", "sk-", "Bearer ", "://", "?key", "-----BEGIN ", "https://a:", "AKIA-"]) {
      const text = piece.repeat(500_000);
      expect(redactText(text).length).toBeLessThanOrEqual(text.length);
    }
  });
});

describe("isSecretKey", () => {
  it("knows headers and fields that are secrets as a whole, and leaves token counts alone", () => {
    for (const key of ["http.request.header.authorization", "Authorization", "x-api-key", "db.password", "api_key"]) {
      expect(isSecretKey(key)).toBe(true);
    }
    for (const key of ["gen_ai.usage.input_tokens", "llm.token_tape", "key", "llm.token_source"]) {
      expect(isSecretKey(key)).toBe(false);
    }
  });
});

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isHarmless } from "./harmless-text.ts";
import { redactText } from "./redact.ts";
import { cleanText, emptyCounts } from "./sanitise.ts";

/** Pieces of which every secret can be put together. */
const piece = fc.constantFrom(
  ..."sk- AIza ghp_ github_pat_ AKIA ASIA nxm_ing_ eyJ Bearer basic :// = ? & @ . -----BEGIN PRIVATE KEY----- key token".split(
    " ",
  ),
  " ",
  "\0",
  "é",
  "\ud800",
);
const body = fc.string({ unit: fc.constantFrom("a", "Z", "0", "9"), minLength: 0, maxLength: 24 });
const text = fc.array(fc.oneof(piece, body), { maxLength: 6 }).map((parts) => parts.join(""));

describe("isHarmless", () => {
  it("says so only of texts that cleaning leaves as they are", () => {
    let harmless = 0;
    fc.assert(
      fc.property(text, (given) => {
        if (!isHarmless(given)) return;
        harmless++;
        expect(redactText(given)).toBe(given);
        expect(given.isWellFormed() && !given.includes("\0")).toBe(true);
      }),
      { numRuns: 5_000 },
    );
    expect(harmless).toBeGreaterThan(500);
  });

  it("says so of what senders mostly write", () => {
    for (const given of ["", "chat", "openai", "gpt-4o-mini", "POST /ask", "/v1/chat/completions", "monotonic"])
      expect(isHarmless(given)).toBe(true);
  });

  it("leaves every secret to the rules", () => {
    const letters = "a1B2".repeat(10);
    for (const secret of [
      `sk-${letters}`,
      `AIza${letters}`,
      `AKIA${letters}`,
      `eyJ${letters}.${letters}.x`,
      "Bearer abcdefgh",
      "http://user:pw@host",
      "?key=x",
    ]) {
      const counts = emptyCounts();
      expect(isHarmless(secret)).toBe(false);
      expect(cleanText(secret, 1000, counts)).not.toBe(secret);
      expect(counts.redacted).toBe(1);
    }
  });
});

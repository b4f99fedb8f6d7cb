import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { quoteLongIntegers } from "./json-integers.ts";

describe("quoteLongIntegers", () => {
  it("quotes integers beyond 15 digits and nothing else", () => {
    expect(quoteLongIntegers('{"a":1234567890123456,"b":-1234567890123456789,"c":123}')).toBe(
      '{"a":"1234567890123456","b":"-1234567890123456789","c":123}',
    );
    for (const same of ["1234567890123456.5", "0.1234567890123456789", "1e1234567890123456", "1E-1234567890123456"]) {
      expect(quoteLongIntegers(`[${same}]`)).toBe(`[${same}]`);
    }
    expect(quoteLongIntegers('["id 1234567890123456 \\" 1234567890123456"]')).toBe(
      '["id 1234567890123456 \\" 1234567890123456"]',
    );
  });

  it("leaves every JSON value without long integers as it is", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value);
        const parsed: unknown = JSON.parse(quoteLongIntegers(text));
        // Only numbers with more than 15 digits may come back as text, and then with the same digits.
        expect(JSON.stringify(parsed).replaceAll('"', "")).toBe(text.replaceAll('"', ""));
      }),
    );
  });
});

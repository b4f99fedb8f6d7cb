import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findMember } from "./usage-field.ts";

describe("findMember", () => {
  it("finds the top-level member of any JSON object and cuts it so that valid JSON without it remains", () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.jsonValue(),
        fc.nat(),
        fc.boolean(),
        (rest, usage, place, spaced) => {
          const entries = Object.entries(rest).filter(([key]) => key !== "usage" && key !== "__proto__");
          entries.splice(place % (entries.length + 1), 0, ["usage", usage]);
          const separator = spaced ? " , " : ",";
          const text = `{${entries.map(([key, value]) => `${JSON.stringify(key)}${spaced ? " : " : ":"}${JSON.stringify(value)}`).join(separator)}}`;
          const found = findMember(text, "usage");
          expect(found).toBeDefined();
          if (found === undefined) return;
          expect(JSON.parse(found.value)).toEqual(JSON.parse(JSON.stringify(usage)));
          const cut = text.slice(0, found.start) + text.slice(found.end);
          const left: unknown = JSON.parse(cut);
          expect(left).toBeTypeOf("object");
          const keys = typeof left === "object" && left !== null ? Object.keys(left) : [];
          expect(keys).not.toContain("usage");
          expect(keys).toHaveLength(new Set(entries.map(([key]) => key)).size - 1);
        },
      ),
    );
  });

  it("never throws, whatever the text is", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom("{", "}", "[", "]", '"', "\\", ",", ":", "usage", " "), { maxLength: 40 }),
        (parts) => {
          findMember(parts.join(""), "usage");
        },
      ),
    );
  });
});

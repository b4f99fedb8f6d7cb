import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AttributeValue } from "@nexent/monitor-core";
import * as foreign from "./foreign-names.ts";
import { addOurNames, mayLackNames } from "./our-names.ts";

const pairs = [
  ...foreign.GEN_AI_NAMES,
  ...foreign.OPENINFERENCE_NAMES,
  ...foreign.AI_SDK_NAMES,
  ...foreign.INVOCATION_PARAMETERS,
];
/** Every name that a rule asks for, ours included, and some that none does. */
const name = fc.constantFrom(
  ...pairs.flat(),
  ...foreign.PROVIDER_NAMES,
  ...foreign.LIST_ATTRIBUTES,
  ..."openinference.span.kind llm.request.type llm.finish_reason llm.invocation_parameters llm.model_name".split(" "),
  ..."gen_ai.completion.0.finish_reason gen_ai.completion.1.finish_reason ai.operationId".split(" "),
  ..."ai.response.finishReason ai.response.msToFirstChunk gen_ai.operation.name http.route url.path".split(" "),
);
const value: fc.Arbitrary<AttributeValue> = fc.constantFrom(
  "LLM",
  "chat",
  "openai",
  '["a"]',
  '{"top_k":1.5}',
  "ai.generateText.doGenerate",
  "",
  1.5,
  7,
  true,
  Number.NaN,
);
const attributes = fc.array(fc.tuple(name, value), { maxLength: 6 }).map((entries) => new Map(entries));

describe("mayLackNames", () => {
  it("is false only where there is nothing to add or to change", () => {
    let without = 0;
    fc.assert(
      fc.property(attributes, (given) => {
        if (mayLackNames(given, undefined)) return;
        without++;
        const named = new Map(given);
        addOurNames(named, undefined);
        expect(named).toStrictEqual(given);
      }),
      { numRuns: 5_000 },
    );
    expect(without).toBeGreaterThan(100);
  });

  it("is true for a first chunk that only an event tells of", () => {
    expect(mayLackNames(new Map(), 0.2)).toBe(true);
  });
});

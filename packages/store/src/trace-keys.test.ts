import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createTraceKeys } from "./trace-keys.ts";

const traceIdOf = (trace: number): string => String(trace).padStart(32, "0");
const step = fc.record({ adds: fc.boolean(), trace: fc.nat(2), span: fc.nat(3) });

describe("trace keys", () => {
  it("hold what was added and not removed, by trace", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const keys = createTraceKeys();
        const expected = new Set<string>();
        for (const { adds, trace, span } of steps) {
          const key = `${traceIdOf(trace)}${span}`;
          if (adds) keys.add(key);
          else keys.remove(key);
          if (adds) expected.add(key);
          else expected.delete(key);
        }
        for (const trace of [0, 1, 2]) {
          const ofTrace = [...expected].filter((key) => key.startsWith(traceIdOf(trace)));
          expect([...keys.of(traceIdOf(trace))].sort()).toStrictEqual(ofTrace.sort());
        }
      }),
    );
  });
});

import { expect, it } from "vitest";
import { createFailpointHook } from "./failpoint.ts";

it("a failpoint kills at the n-th pass of its own point, once, and does not exist unless asked for", () => {
  let killed = 0;
  const hook = createFailpointHook({ name: "index-flush", pass: 2 }, () => killed++);
  hook?.("index-flush");
  hook?.("retention");
  expect(killed).toBe(0);
  hook?.("index-flush");
  hook?.("index-flush");
  expect(killed).toBe(1);
  expect(createFailpointHook(undefined)).toBeUndefined();
});

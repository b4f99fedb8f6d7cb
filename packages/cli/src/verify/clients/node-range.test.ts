import { expect, it } from "vitest";
import { nodeSatisfies } from "./node-range.ts";

it.each([
  ["20.20.2", ">=18", true],
  ["20.20.2", ">= 20.20.2", true],
  ["20.20.2", ">=20.20.3", false],
  ["20.20.2", ">=22.0.0", false],
  ["24.9.0", ">=22.0.0", true],
  ["20.20.2", "^20.20.0 || ^22.12.0 || >=24.0.0", true],
  ["22.11.0", "^20.20.0 || ^22.12.0 || >=24.0.0", false],
  ["20.1.0", "18 || 20", true],
  ["21.0.0", "18 || 20", false],
  ["20.1.0", "*", true],
])("Node %s in %s: %s", (version, range, right) => {
  expect(nodeSatisfies(version, range)).toBe(right);
});

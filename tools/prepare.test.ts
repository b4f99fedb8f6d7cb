import { describe, expect, it } from "vitest";
import { nodeIsSupported } from "./prepare.mjs";

describe("prepare", () => {
  it.each([
    ["20.20.0", true],
    ["20.19.5", false],
    ["22.11.0", false],
    ["22.12.0", true],
    ["23.5.0", false],
    ["24.0.0", true],
    ["26.1.0", true],
    ["18.20.4", false],
  ])("Node %s is supported: %s", (version, supported) => {
    expect(nodeIsSupported(version)).toBe(supported);
  });
});

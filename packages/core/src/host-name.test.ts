import { describe, expect, it } from "vitest";
import { hostNameOf, isLoopbackName } from "./host-name.ts";

describe("host names", () => {
  it.each([
    ["localhost:8000", "localhost"],
    ["LOCALHOST.", "localhost"],
    ["[::1]:8000", "::1"],
    ["[::1", "::1"],
    ["127.0.0.1", "127.0.0.1"],
    ["", ""],
  ])("%j is the name %j", (host, name) => expect(hostNameOf(host)).toBe(name));

  it("knows loopback by name and by address, and nothing that only looks like it", () => {
    for (const name of ["localhost", "app.localhost", "::1", "127.9.9.9"])
      expect([name, isLoopbackName(name)]).toEqual([name, true]);
    for (const name of ["", "evil.test", "localhost.evil.test", "127.0.0.1.evil.test", "10.0.0.1"])
      expect([name, isLoopbackName(name)]).toEqual([name, false]);
  });
});

import { describe, expect, it } from "vitest";
import { lockfileProblems, rangeProblems } from "./check-lockfile.mjs";

describe("check-lockfile", () => {
  it("accepts entries with integrity over https", () => {
    const lock = { packages: { "": {}, "node_modules/a": { integrity: "sha512-x", resolved: "https://r/a.tgz" } } };
    expect(lockfileProblems(lock)).toEqual([]);
  });

  it("refuses a missing hash, a git source and an unknown install script", () => {
    const lock = {
      packages: { "node_modules/a": { resolved: "git+ssh://git@host/a.git", hasInstallScript: true } },
    };
    expect(lockfileProblems(lock)).toEqual([
      "a has no integrity hash",
      "a is not fetched over https",
      "a has an install script",
    ]);
  });

  it("refuses version ranges outside the meta package", () => {
    expect(rangeProblems({ name: "x", dependencies: { a: "^1.0.0", b: "1.5.6-r.1" } })).toEqual([
      'x asks for a "^1.0.0": versions are exact',
    ]);
    expect(rangeProblems({ name: "@nexent/performance", dependencies: { a: "~1.0.0" } })).toEqual([]);
  });
});

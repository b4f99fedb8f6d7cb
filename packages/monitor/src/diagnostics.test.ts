import { describe, expect, it } from "vitest";
import { createLogLimiter } from "./diagnostics.ts";

describe("createLogLimiter", () => {
  it("writes the first message at once and then at most one per interval", () => {
    const written: string[] = [];
    let now = 5;
    const log = createLogLimiter({ intervalMs: 60_000, write: (message) => written.push(message), nowMs: () => now });
    for (let second = 0; second < 3600; second += 1) {
      log(`after ${second} s`);
      now += 1000;
    }
    expect(written).toHaveLength(60);
    expect(written.slice(0, 2)).toEqual(["after 0 s", "after 60 s"]);
  });
});

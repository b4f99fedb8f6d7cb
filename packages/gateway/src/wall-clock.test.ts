import { describe, expect, it } from "vitest";
import { createWallClock } from "./wall-clock.ts";

describe("wall clock", () => {
  it("has sub-millisecond steps between the ticks of the system's clock", () => {
    let mono = 100.25;
    const clock = createWallClock(
      () => 5_000 + Math.floor(mono - 100.25),
      () => mono,
    );
    const first = clock();
    mono += 0.4;
    expect(clock() - first).toBeCloseTo(0.4, 6);
  });

  it("follows a clock that was set", () => {
    let wall = 5_000;
    const clock = createWallClock(
      () => wall,
      () => 0,
    );
    wall = 9_000;
    expect(clock()).toBe(9_000);
  });
});

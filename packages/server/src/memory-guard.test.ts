import { describe, expect, it } from "vitest";
import type { Log } from "./log.ts";
import { createMemoryGuard, defaultMemoryBudget } from "./memory-guard.ts";
import { createFakeClock } from "./testing/clock.ts";

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;

function guardOf(budgetBytes: number | undefined) {
  const clock = createFakeClock();
  const events: string[] = [];
  const note = (event: string): void => void events.push(event);
  const log: Log = { info: note, warn: note, error: note };
  const memory = { bytes: 0 };
  const guard = createMemoryGuard({ budgetBytes, residentBytes: () => memory.bytes, clock, log });
  /** What two requests are told when that much is used: one alone, one beside another. */
  const at = (bytes: number): readonly boolean[] => {
    memory.bytes = bytes;
    guard.sample();
    return [guard.admits(true), guard.admits(false)];
  };
  return { at, clock, events };
}

describe("memory guard", () => {
  it("takes one request at a time beyond 80 % of the budget, and any number again at 75 %", () => {
    const { at, clock, events } = guardOf(1_000);
    expect(at(800)).toEqual([true, true]);
    expect(at(801)).toEqual([true, false]);
    expect(at(751), "no flapping").toEqual([true, false]);
    expect(at(750)).toEqual([true, true]);
    expect(at(800)).toEqual([true, true]);
    expect(at(801)).toEqual([true, false]);
    expect(events, "once a minute").toEqual(["memory_short"]);
    clock.advance(60_000);
    at(801);
    expect(events).toEqual(["memory_short", "memory_short"]);
  });

  it("takes nothing beyond the budget, but not for ever: to refuse may not bring the memory back", () => {
    const { at, clock } = guardOf(1_000);
    expect(at(1_001)).toEqual([false, false]);
    clock.advance(10_000);
    expect(at(1_100)).toEqual([false, false]);
    clock.advance(1);
    expect(at(1_100)).toEqual([true, false]);
    expect(at(1_000)).toEqual([true, false]);
    expect(at(1_001), "the next time it counts anew").toEqual([false, false]);
    expect(at(700)).toEqual([true, true]);
  });

  it("refuses nothing without a budget", () => {
    expect(guardOf(undefined).at(Number.MAX_SAFE_INTEGER)).toEqual([true, true]);
  });
});

describe("default of the memory budget", () => {
  it.each([
    ["the limit of the control group", 768 * MIB, 24 * GIB, 400 * MIB, 768 * MIB],
    ["the memory of a small host", undefined, 1 * GIB, 512 * MIB, 1 * GIB],
    ["what it can make use of on a large host", undefined, 24 * GIB, 4_144 * MIB, 5_168 * MIB],
    ["of the host, when the group may have more than there is", 64 * GIB, 1 * GIB, 512 * MIB, 1 * GIB],
    ["none, when there is too little to work at all", 256 * MIB, 24 * GIB, 128 * MIB, undefined],
  ])("is %s", (_, limitBytes, totalBytes, heapLimitBytes, budget) => {
    expect(defaultMemoryBudget({ limitBytes, totalBytes, heapLimitBytes })).toBe(budget);
  });
});

import { describe, expect, it } from "vitest";
import { ChunkLog } from "./chunk-log.ts";

describe("the chunk log", () => {
  it("gives back what was appended, across many growths", () => {
    const log = new ChunkLog();
    for (let i = 0; i < 1_000; i += 1) log.append(i * 10, i % 2 === 0 ? "text" : "tool", i, i === 7 ? -1 : i, i === 9);
    expect(log.length).toBe(1_000);
    expect([log.atMicros(999), log.kind(999), log.bytes(999), log.cumulativeTokens(999)]).toEqual([
      9_990,
      "tool",
      999,
      999,
    ]);
    expect(log.cumulativeTokens(7)).toBe(-1);
    expect(log.chunksWithTokens).toBe(999);
    expect([log.gapMicros(8), log.gapMicros(9), log.gapMicros(10)]).toEqual([10, undefined, 10]);
    expect([log.pausedAfter(8), log.pausedAfter(9), log.pausedBeforeFirst]).toEqual([true, false, false]);
  });

  it("is bounded: what follows is folded into the last entry, which keeps time and sums right", () => {
    const log = new ChunkLog(100);
    for (let i = 0; i < 250; i += 1) log.append(i * 10, "text", 2, i, false);
    expect([log.length, log.countedChunks, log.isFolded]).toEqual([100, 250, true]);
    expect([log.atMicros(99), log.bytesFrom(0), log.bytesFrom(99)]).toEqual([2_490, 500, 302]);
    expect([log.gapMicros(98), log.gapMicros(99)]).toEqual([10, undefined]);
    expect(log.chunksWithTokens).toBe(250);
  });
});

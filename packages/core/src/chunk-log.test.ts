import { describe, expect, it } from "vitest";
import { ChunkLog } from "./chunk-log.ts";

describe("the chunk log", () => {
  it("gives back what was appended, across many growths", () => {
    const log = new ChunkLog();
    for (let i = 0; i < 1_000; i += 1) {
      log.append(i * 10, i % 2 === 0 ? "text" : "tool", i + 3, i === 7 ? -1 : i, i === 9);
      if (i === 500) log.mark();
    }
    expect(log.length).toBe(1_000);
    expect([log.bytes(0), log.bytes(500), log.bytesFrom(1_000)]).toEqual([3, 503, 0]);
    expect([log.bytesFrom(0), log.bytesFrom(500)]).toEqual([502_500, 376_250]);
    expect([log.atMicros(999), log.kind(999), log.bytes(999), log.cumulativeTokens(999)]).toEqual([
      9_990,
      "tool",
      1_002,
      999,
    ]);
    expect(log.cumulativeTokens(7)).toBe(-1);
    expect(log.chunksWithTokens).toBe(999);
    expect([log.gapMicros(8), log.gapMicros(9), log.gapMicros(10)]).toEqual([10, undefined, 10]);
    expect([log.pausedAfter(8), log.pausedAfter(9), log.pausedBeforeFirst]).toEqual([true, false, false]);
  });

  it("is bounded: what follows is folded into the last entry, which keeps time and sums right", () => {
    const log = new ChunkLog(100);
    for (let i = 0; i < 250; i += 1) {
      log.append(i * 10, "text", 2, i, false);
      if (i === 99) log.mark();
    }
    expect([log.length, log.countedChunks, log.isFolded]).toEqual([100, 250, true]);
    expect([log.atMicros(99), log.bytesFrom(0), log.bytesFrom(99)]).toEqual([2_490, 500, 302]);
    expect([log.bytes(99), log.kind(99), [...log.kinds.subarray(97)]]).toEqual([302, "text", [0, 0, 0]]);
    expect([log.gapMicros(98), log.gapMicros(99)]).toEqual([10, undefined]);
    expect(log.chunksWithTokens).toBe(250);
  });
});

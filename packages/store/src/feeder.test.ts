import { createColumnBatchBuilder, decodeColumnBatch } from "@nexent/monitor-core";
import { describe, expect, it } from "vitest";
import { createFeeder } from "./feeder.ts";
import type { TailBatch } from "./tail.ts";
import { sampleSpan } from "./testing/sample-spans.ts";

function batchOf(position: number, rows = 1): TailBatch {
  const builder = createColumnBatchBuilder();
  for (let n = 0; n < rows; n++) builder.append(sampleSpan(n), undefined);
  return {
    batch: decodeColumnBatch(builder.encode(0)),
    keys: [],
    position: BigInt(position),
    durableAtMillis: performance.now(),
    durable: Promise.resolve(),
  };
}

interface Written {
  readonly writes: number[][];
  readonly indexed: number[];
}

function createTestFeeder(write: (positions: number[]) => Promise<void> = async () => undefined, flushRows = 4) {
  const log: Written = { writes: [], indexed: [] };
  const positions = (batches: readonly TailBatch[]): number[] => batches.map(({ position }) => Number(position));
  const feeder = createFeeder({
    flushMs: 1_000_000,
    flushRows,
    async write(batches) {
      log.writes.push(positions(batches));
      await write(positions(batches));
    },
    onIndexed: (batches) => log.indexed.push(...positions(batches)),
    onError: async () => undefined,
  });
  return { feeder, log };
}

describe("feeder", () => {
  it("FED-1 writes at once when enough rows wait, in order, each batch whole", async () => {
    const { feeder, log } = createTestFeeder();
    for (const [position, rows] of [
      [1, 3],
      [2, 3],
      [3, 9],
      [4, 1],
    ] as const)
      feeder.add(batchOf(position, rows));
    await feeder.flush();
    expect(log.writes.flat()).toStrictEqual([1, 2, 3, 4]);
    expect(log.indexed).toStrictEqual([1, 2, 3, 4]);
    expect(log.writes).toContainEqual([3]);
  });

  it("FED-2 writes the same batches again after a failure, before any later one", async () => {
    let failures = 2;
    const { feeder, log } = createTestFeeder(async ([first]) => {
      if (first === 1 && failures-- > 0) throw new Error("disk");
    }, 1);
    feeder.add(batchOf(1));
    feeder.add(batchOf(2));
    await feeder.flush();
    expect(log.writes).toStrictEqual([[1], [1], [1], [2]]);
    expect(log.indexed).toStrictEqual([1, 2]);
  });

  it("FED-3 tells how old the oldest batch is, and that there is none", async () => {
    const { feeder } = createTestFeeder();
    expect(feeder.lagSeconds()).toBe(0);
    const batch = batchOf(1);
    batch.durableAtMillis = performance.now() - 5_000;
    feeder.add(batch);
    expect(feeder.lagSeconds()).toBeGreaterThanOrEqual(5);
    await feeder.flush();
    expect(feeder.lagSeconds()).toBe(0);
  });

  it("FED-4 stops while a write keeps failing, and wakes whoever waits for a flush", async () => {
    const { feeder, log } = createTestFeeder(() => Promise.reject(new Error("broken")), 1);
    feeder.add(batchOf(1));
    const flushed = feeder.flush();
    await feeder.stop();
    await flushed;
    expect(log.indexed).toStrictEqual([]);
  });

  it("FED-5 leaves a remainder that fills no row group for the next round, and a flush takes it along", async () => {
    const writes: number[][] = [];
    let onWrite: () => void = () => undefined;
    const written = new Promise<void>((resolve) => (onWrite = resolve));
    const feeder = createFeeder({
      flushMs: 1_000_000,
      flushRows: 8,
      groupRows: 4,
      async write(batches) {
        writes.push(batches.map(({ batch }) => batch.rowCount));
      },
      onIndexed: () => onWrite(),
      onError: async () => undefined,
    });
    for (const rows of [4, 3, 2]) feeder.add(batchOf(rows, rows));
    await written;
    expect(writes).toStrictEqual([[4, 3]]);
    await feeder.flush();
    expect(writes).toStrictEqual([[4, 3], [2]]);
  });
});

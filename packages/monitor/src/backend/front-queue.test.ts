import { describe, expect, it } from "vitest";
import { FrontQueue } from "./front-queue.ts";

describe("a queue", () => {
  it("gives its items in order, also those that were put back", () => {
    const queue = new FrontQueue<number>();
    for (const item of [1, 2, 3, 4]) queue.push(item);
    const taken = queue.take(2);
    expect([taken, queue.length, queue.at(0), queue.at(2)]).toEqual([[1, 2], 2, 3, undefined]);
    queue.push(5);
    queue.putBack(taken);
    expect([queue.take(9), queue.length]).toEqual([[1, 2, 3, 4, 5], 0]);
  });

  it("stays in order when it has been full for long", () => {
    const queue = new FrontQueue<number>();
    for (let item = 0; item < 10_000; item += 1) {
      queue.push(item);
      if (queue.length > 8) expect(queue.take(1)).toEqual([item - 8]);
    }
    expect(queue.take(8)).toEqual([9992, 9993, 9994, 9995, 9996, 9997, 9998, 9999]);
  });
});

import { expect, test } from "vitest";
import { batchesOfDays } from "./day-batches.ts";
import { dayOfFile, openFileOf, sealedFileOf } from "./index-files.ts";

const FILES = [1, 2, 3, 4, 5, 6, 7, 8, 9].flatMap((day) => (day === 9 ? [18] : [sealedFileOf(day), openFileOf(day)]));

function daysOf(newestFirst: boolean): number[][] {
  return batchesOfDays(FILES, newestFirst).map((batch) => [...new Set(batch.map(dayOfFile))]);
}

test("batches double and hold every file once, newest or oldest days first", () => {
  expect(daysOf(true)).toEqual([[9], [7, 8], [3, 4, 5, 6], [1, 2]]);
  expect(daysOf(false)).toEqual([[1], [2, 3], [4, 5, 6, 7], [8, 9]]);
  expect(new Set(batchesOfDays(FILES, true).flat())).toEqual(new Set(FILES));
});

test("both files of a day are in one batch", () => {
  expect(batchesOfDays([openFileOf(1), sealedFileOf(1)], true)).toEqual([[openFileOf(1), sealedFileOf(1)]]);
  expect(batchesOfDays([], true)).toEqual([]);
});

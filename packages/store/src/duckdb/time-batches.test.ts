import { expect, test } from "vitest";
import { openFileOf, sealedFileOf } from "./index-files.ts";
import { batchesOfTime, widthOfShare } from "./time-batches.ts";

const DAY = 86_400_000_000_000n;
const HOUR = DAY / 24n;
const FILES = [1, 2, 3, 4].flatMap((day) => (day === 4 ? [openFileOf(day)] : [sealedFileOf(day), openFileOf(day)]));
const EVER = { fromUnixNanos: 0n, toUnixNanos: 2n ** 64n };

function hoursOf(range: typeof EVER, newestFirst: boolean): (readonly [number, number])[] {
  return [...batchesOfTime(FILES, range, newestFirst, 12n * HOUR)].map((batch) => [
    Number((batch.range.fromUnixNanos - DAY) / HOUR),
    Number((batch.range.toUnixNanos - DAY) / HOUR),
  ]);
}

test("parts grow and hold the range once, from its newest end on or from its oldest", () => {
  expect(hoursOf(EVER, true)).toEqual([
    [84, 96],
    [36, 84],
    [0, 36],
  ]);
  expect(hoursOf(EVER, false)).toEqual([
    [0, 12],
    [12, 60],
    [60, 96],
  ]);
  expect(hoursOf({ fromUnixNanos: DAY + 10n * HOUR, toUnixNanos: DAY + 30n * HOUR }, true)).toEqual([
    [18, 30],
    [10, 18],
  ]);
});

test("a part names the files that it touches; one without any is left out", () => {
  const files = [sealedFileOf(1), openFileOf(1), openFileOf(9)];
  const named = [...batchesOfTime(files, EVER, true, DAY)].map((batch) => batch.files);
  expect(named).toEqual([[openFileOf(9)], [sealedFileOf(1), openFileOf(1)]]);
  expect([...batchesOfTime([], EVER, true, DAY)]).toEqual([]);
  const later = { fromUnixNanos: 20n * DAY, toUnixNanos: 21n * DAY };
  expect([...batchesOfTime(files, later, true, DAY)]).toEqual([]);
});

test("a share is one of the time for which there are files, a second at least", () => {
  expect(widthOfShare(FILES, EVER, 1 / 8)).toBe(12n * HOUR);
  expect(widthOfShare(FILES, EVER, 7)).toBe(4n * DAY);
  expect(widthOfShare(FILES, EVER, 1e-12)).toBe(1_000_000_000n);
  expect(widthOfShare([], EVER, 1)).toBe(1_000_000_000n);
});

import { dayOfFile, type IndexFile } from "./index-files.ts";

/**
 * Files in batches of whole days, from the newest day on or from the oldest: one day, then two, four and so on, for
 * questions that may stop at a batch. The doubling bounds the statements of one that has to look everywhere.
 */
export function batchesOfDays(files: readonly IndexFile[], newestFirst: boolean): readonly (readonly IndexFile[])[] {
  const days = [...new Set(files.map(dayOfFile))].sort((a, b) => (newestFirst ? b - a : a - b));
  const batches: (readonly IndexFile[])[] = [];
  for (let from = 0, count = 1; from < days.length; from += count / 2) {
    const own = new Set(days.slice(from, from + count));
    batches.push(files.filter((file) => own.has(dayOfFile(file))));
    count *= 2;
  }
  return batches;
}

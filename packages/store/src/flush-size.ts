/** How much goes into the index at once. */
export interface FlushSizeOptions {
  /** Most rows of a flush of several batches. */
  readonly flushRows: number;
  /**
   * Rows of a row group: a flush of at least one is written in its place at once. A last group that is less than half
   * full would be joined with others later, which costs more than it saved. Absent: any number of rows is as good.
   */
  readonly groupRows?: number;
}

/** The beginning of a queue that is flushed next. */
export interface FlushSize {
  readonly batches: number;
  /** Its row groups are full, or the last one more than half. */
  readonly fillsGroups: boolean;
}

/** Chooses from the rows of the batches that wait, in their order; never nothing while one waits. */
export function nextFlush(rowCounts: readonly number[], { flushRows, groupRows }: FlushSizeOptions): FlushSize {
  let rows = 0;
  let [fitting, filling, belowGroup] = [0, 0, 0];
  for (const [at, count] of rowCounts.entries()) {
    if (at > 0 && rows + count > flushRows) break;
    rows += count;
    fitting = at + 1;
    if (groupRows === undefined) continue;
    if (rows < groupRows) belowGroup = fitting;
    else if (rows % groupRows === 0 || rows % groupRows > groupRows / 2) filling = fitting;
  }
  if (filling > 0) return { batches: filling, fillsGroups: true };
  return { batches: belowGroup > 0 ? belowGroup : fitting, fillsGroups: false };
}

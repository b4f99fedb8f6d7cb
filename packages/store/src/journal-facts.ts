import { SPAN_COLUMN, type ColumnBatch } from "@nexent/monitor-core";
import type { BatchFacts } from "./journal/segment-trailer.ts";
import { unixDayOf } from "./unix-day.ts";

/** What the journal notes about a batch, so that a start may skip its segment. */
export function factsOf(batch: ColumnBatch): BatchFacts {
  const start = batch.column(SPAN_COLUMN.startUnixNanos);
  const duration = batch.column(SPAN_COLUMN.durationNanos);
  const days = new Set<number>();
  let openSpans = 0;
  for (let row = 0; row < batch.rowCount; row++) {
    if (duration.has(row)) days.add(unixDayOf(start.u64(row) ?? 0n));
    else openSpans++;
  }
  return { days: [...days], openSpans, writtenUnixMillis: batch.writtenUnixMillis };
}

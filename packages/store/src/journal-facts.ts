import { SPAN_COLUMN, type ColumnBatch } from "@nexent/monitor-core";
import type { BatchFacts } from "./journal/segment-trailer.ts";

const DAY_NANOS = 86_400_000_000_000n;

/** What the journal notes about a batch, so that a start may skip its segment. */
export function factsOf(batch: ColumnBatch): BatchFacts {
  const start = batch.column(SPAN_COLUMN.startUnixNanos);
  const duration = batch.column(SPAN_COLUMN.durationNanos);
  const days = new Set<number>();
  let openSpans = 0;
  for (let row = 0; row < batch.rowCount; row++) {
    if (duration.has(row)) days.add(Number((start.u64(row) ?? 0n) / DAY_NANOS));
    else openSpans++;
  }
  return { days: [...days], openSpans, writtenUnixMillis: batch.writtenUnixMillis };
}

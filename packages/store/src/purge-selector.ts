import { LLM_COLUMNS, SPAN_COLUMN, type ColumnBatch } from "@nexent/monitor-core";
import type { PurgeSelector, StoredSpan } from "./contract.ts";
import { checkRange, invalidQuery } from "./query-rules.ts";

const TRACE_ID = /^[0-9a-f]{32}$/;
const MODEL_COLUMN = LLM_COLUMNS.find(({ field }) => field === "model")?.id ?? 0;

/** @throws {QUERY_INVALID} for a selector without a condition that does not say `all`, or with a wrong one. */
export function checkSelector({ all, range, service, model, traceId }: PurgeSelector): void {
  const hasCondition = [range, service, model, traceId].some((condition) => condition !== undefined);
  if (hasCondition === (all === true)) throw invalidQuery("a purge names a condition, or all");
  if (range !== undefined) checkRange(range);
  if (traceId !== undefined && !TRACE_ID.test(traceId)) throw invalidQuery("the trace id is not 32 hex digits");
}

/** Whether a stored span is to be removed. */
export function selects({ range, service, model, traceId }: PurgeSelector, { span, llm }: StoredSpan): boolean {
  return (
    (range === undefined || (span.startUnixNanos >= range.fromUnixNanos && span.startUnixNanos < range.toUnixNanos)) &&
    (service === undefined || span.resource.service === service) &&
    (model === undefined || llm?.model === model) &&
    (traceId === undefined || span.traceId === traceId)
  );
}

/** The same for a row of a batch, without making a span of it. */
export function rowSelector(
  { range, service, model, traceId }: PurgeSelector,
  batch: ColumnBatch,
): (row: number) => boolean {
  const [starts, resources] = [batch.column(SPAN_COLUMN.startUnixNanos), batch.column(SPAN_COLUMN.resource)];
  const [traceIds, models] = [batch.column(SPAN_COLUMN.traceId), batch.column(MODEL_COLUMN)];
  return (row) => {
    const start = starts.u64(row) ?? 0n;
    return (
      (range === undefined || (start >= range.fromUnixNanos && start < range.toUnixNanos)) &&
      (service === undefined || batch.resources[resources.u32(row) ?? 0]?.service === service) &&
      (model === undefined || models.text(row) === model) &&
      (traceId === undefined || traceIds.hex(row) === traceId)
    );
  };
}

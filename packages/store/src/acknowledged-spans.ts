import { SPAN_COLUMN, type ColumnBatch } from "@nexent/monitor-core";
import type { StoredSpan } from "./contract.ts";
import { keysOf } from "./stored-span.ts";

/** Spans that became durable together. A span is only made when somebody asks for it. */
export interface AcknowledgedSpans {
  readonly count: number;
  /** Trace id and span id, one behind the other. */
  readonly keys: readonly string[];
  /** Whether a span is an LLM call that has an end. @param at place of the span, from 0. */
  isCall(at: number): boolean;
  span(at: number): StoredSpan;
}

/** Spans that stand in columns. @param keys identities of the rows. */
export function acknowledgedRows(batch: ColumnBatch, keys: readonly string[]): AcknowledgedSpans {
  const isLlm = batch.column(SPAN_COLUMN.isLlm);
  const duration = batch.column(SPAN_COLUMN.durationNanos);
  return {
    count: batch.rowCount,
    keys,
    isCall: (row) => isLlm.has(row) && duration.has(row),
    span: (row) => batch.row(row),
  };
}

/** Spans that are objects already. */
export function acknowledgedSpans(spans: readonly StoredSpan[]): AcknowledgedSpans {
  const spanAt = (at: number): StoredSpan => {
    const stored = spans[at];
    if (stored === undefined) throw new RangeError(`no span ${at}`);
    return stored;
  };
  return {
    count: spans.length,
    keys: keysOf(spans),
    isCall(at) {
      const { span, llm } = spanAt(at);
      return llm !== undefined && span.durationNanos !== undefined;
    },
    span: spanAt,
  };
}

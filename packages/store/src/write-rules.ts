import { LIMITS, type RecordBatch, type SpanRecord } from "@nexent/monitor-core";
import type { StoredSpan, WriteOutcome } from "./contract.ts";
import { brokenRule } from "./record-rules.ts";
import { toStoredSpan } from "./stored-span.ts";

/** A batch after the rules of the contract: what may be stored, and why the rest may not. */
export interface CheckedBatch {
  readonly spans: readonly StoredSpan[];
  readonly rejected: number;
  /** Why the first rejected record was rejected; empty when none was. */
  readonly reason: string;
}

/**
 * Sorts out the records that break a rule; everything beyond the batch limit breaks one.
 * @param options.takesOpenSpans false while too many spans wait for their end.
 */
export function checkBatch(batch: RecordBatch, options: { readonly takesOpenSpans?: boolean } = {}): CheckedBatch {
  const { records, ...rest } = checkRecords(batch.spans, options);
  return { ...rest, spans: records.map(toStoredSpan) };
}

/** The same without the promoted fields. */
export function checkRecords(
  spans: readonly SpanRecord[],
  { takesOpenSpans = true } = {},
): Omit<CheckedBatch, "spans"> & { readonly records: readonly SpanRecord[] } {
  const records: SpanRecord[] = [];
  let reason = "";
  for (const [at, span] of spans.entries()) {
    const broken = brokenRule(span) ?? brokenBound(at, takesOpenSpans || span.durationNanos !== undefined);
    if (broken === undefined) records.push(span);
    else if (reason === "") reason = broken;
  }
  return { records, rejected: spans.length - records.length, reason };
}

/** How many records passed the rules. */
interface CheckedCount extends Omit<CheckedBatch, "spans"> {
  readonly spans: { readonly length: number };
}

/** The outcome once everything that passed the rules is durable. */
export function outcomeOf(checked: CheckedCount): WriteOutcome {
  if (checked.rejected === 0) return { status: "accepted", records: checked.spans.length };
  return { status: "partial", accepted: checked.spans.length, rejected: checked.rejected, reason: checked.reason };
}

function brokenBound(at: number, isTaken: boolean): string | undefined {
  if (at >= LIMITS.spansPerRequest) return `more than ${LIMITS.spansPerRequest} spans in one batch`;
  return isTaken ? undefined : "too many spans wait for their end";
}

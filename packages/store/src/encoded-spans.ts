import { createColumnBatchBuilder, decodeColumnBatch, llmDraftOf, type SpanRecord } from "@nexent/monitor-core";
import { spanKey } from "./stored-span.ts";
import { unixDayOf } from "./unix-day.ts";
import { checkRecords, type CheckedBatch } from "./write-rules.ts";

/**
 * Spans that passed the rules of the contract, as the journal keeps them. Only `createSpanEncoder` makes it; what it says
 * beside its columns is believed. It holds bytes, texts and numbers alone, so that a thread can hand it to another one.
 */
export interface EncodedSpans {
  /** An encoded column batch in memory of its own; when it was written is filled in by the store. */
  readonly columns: Uint8Array<ArrayBuffer>;
  readonly rowCount: number;
  /** Trace id and span id of every row in hex, without anything in between. */
  readonly identities: string;
  /** Two rows have the same identity. */
  readonly hasRepeats: boolean;
  /** UTC days since the epoch on which its ended spans start, each once. */
  readonly days: readonly number[];
  /** Rows without an end. */
  readonly openSpans: number;
  /** Start of its oldest span; 0 without rows. */
  readonly oldestUnixNanos: bigint;
  /** Records that broke a rule, and why the first did; empty when none did. */
  readonly rejected: number;
  readonly reason: string;
}

/** An encoder for any number of batches, one after the other: it keeps its memory. It needs no store, and no thread. */
export function createSpanEncoder(): (spans: readonly SpanRecord[]) => EncodedSpans {
  const builder = createColumnBatchBuilder();
  return (spans) => {
    const { records, rejected, reason } = checkRecords(spans);
    builder.clear();
    for (const span of records) builder.append(span, llmDraftOf(span));
    const keys = records.map(({ traceId, spanId }) => spanKey(traceId, spanId));
    return {
      columns: builder.encode(0),
      rowCount: records.length,
      identities: keys.join(""),
      hasRepeats: new Set(keys).size < keys.length,
      ...timesOf(records),
      rejected,
      reason,
    };
  };
}

function timesOf(spans: readonly SpanRecord[]): Pick<EncodedSpans, "days" | "openSpans" | "oldestUnixNanos"> {
  const days = new Set<number>();
  let openSpans = 0;
  let oldest = spans[0]?.startUnixNanos ?? 0n;
  for (const { startUnixNanos, durationNanos } of spans) {
    if (durationNanos === undefined) openSpans++;
    else days.add(unixDayOf(startUnixNanos));
    if (startUnixNanos < oldest) oldest = startUnixNanos;
  }
  return { days: [...days], openSpans, oldestUnixNanos: oldest };
}

/** Digits of a trace id and a span id. */
const KEY_DIGITS = 48;

/** Identities of the rows, in their order. */
export function keysOfEncoded({ identities, rowCount }: EncodedSpans): readonly string[] {
  return Array.from({ length: rowCount }, (_, row) => identities.slice(row * KEY_DIGITS, (row + 1) * KEY_DIGITS));
}

/** The spans as objects again. */
export function decodeSpans({ columns, rejected, reason }: EncodedSpans): CheckedBatch {
  return { spans: [...decodeColumnBatch(columns).rows()], rejected, reason };
}

import {
  createColumnBatchBuilder,
  decodeColumnBatch,
  LIMITS,
  MonitorError,
  SPAN_COLUMN,
  stampColumnBatch,
  type ColumnBatch,
  type RecordBatch,
  type SpanRecord,
} from "@nexent/monitor-core";
import { acknowledgedRows } from "./acknowledged-spans.ts";
import type { AcknowledgedListener, StoredSpan, WriteOutcome } from "./contract.ts";
import { deduplicate, mayBeStored, type LookUp } from "./dedupe.ts";
import { decodeSpans, keysOfEncoded, type EncodedSpans } from "./encoded-spans.ts";
import type { Feeder } from "./feeder.ts";
import { factsOf } from "./journal-facts.ts";
import type { Journal } from "./journal/journal.ts";
import type { BatchFacts } from "./journal/segment-trailer.ts";
import type { SeenIds } from "./seen-ids.ts";
import { keysOf } from "./stored-span.ts";
import type { Tail, TailBatch } from "./tail.ts";
import { unixDayOf } from "./unix-day.ts";
import { checkBatch, outcomeOf, type CheckedBatch } from "./write-rules.ts";

/** Counts of repeats since the start. */
export interface WriteCounters {
  duplicates: number;
  conflicts: number;
}

/** Options of the write path. */
export interface WritePathOptions {
  readonly journal: Journal;
  readonly tail: Tail;
  readonly seen: SeenIds;
  readonly feeder: Feeder;
  readonly lookUp: LookUp;
  readonly counters: WriteCounters;
  /** Wall clock, ms. */
  readonly now: () => number;
  readonly onAcknowledged?: AcknowledgedListener | undefined;
  /** Why nothing is taken now, if so. */
  readonly refusal: () => MonitorError | undefined;
  /** Called when the disk turned out to be full. */
  readonly onFull: () => void;
}

/** Most spans without an end that are kept waiting for it. */
const MAX_OPEN_SPANS = 100_000;

/** An encoded batch and what is known about it. */
interface Encoded {
  readonly batch: ColumnBatch;
  readonly keys: readonly string[];
  readonly facts: BatchFacts;
}

/** The way of a batch into the store. */
export interface WritePath {
  /** Rules, deduplication, journal, acknowledgement; the index follows by itself. */
  write(batch: RecordBatch | EncodedSpans, signal?: AbortSignal): Promise<WriteOutcome>;
  /** Writes spans without an end to the journal again, before the segment they stand in goes. */
  readonly carryOver: (spans: readonly StoredSpan[]) => Promise<void>;
}

/** The write path over the parts of a store. */
export function createWritePath(options: WritePathOptions): WritePath {
  const { journal, tail, seen, feeder, counters } = options;
  const builder = createColumnBatchBuilder();

  function openSpansLeft(): number {
    return Math.max(0, MAX_OPEN_SPANS - tail.openSpans);
  }

  function isOverloaded(): boolean {
    return tail.bytes >= LIMITS.indexTailBytes || feeder.lagSeconds() * 1000 >= LIMITS.indexLagMs;
  }

  function append(
    payload: Uint8Array,
    { batch, keys, facts }: Encoded,
    onAcknowledged?: AcknowledgedListener,
  ): Promise<void> {
    const entry: TailBatch = { batch, keys, position: undefined, durableAtMillis: 0, durable: Promise.resolve() };
    entry.durable = journal
      .append(payload, facts, (position) => onDurable(entry, position, onAcknowledged))
      .catch((error: unknown) => {
        tail.discard(entry);
        throw error;
      });
    tail.add(entry);
    return entry.durable;
  }

  function appendSpans(
    spans: readonly StoredSpan[],
    keys: readonly string[],
    onAcknowledged?: AcknowledgedListener,
  ): Promise<void> {
    builder.clear();
    for (const { span, llm } of spans) builder.append(span, llm);
    const payload = builder.encode(options.now());
    const batch = decodeColumnBatch(payload);
    return append(payload, { batch, keys, facts: factsOf(batch) }, onAcknowledged);
  }

  function onDurable(entry: TailBatch, position: bigint, onAcknowledged: AcknowledgedListener | undefined): void {
    entry.position = position;
    entry.durableAtMillis = performance.now();
    remember(entry);
    feeder.add(entry);
    onAcknowledged?.(acknowledgedRows(entry.batch, entry.keys));
  }

  function remember({ batch, keys }: TailBatch): void {
    const start = batch.column(SPAN_COLUMN.startUnixNanos);
    const duration = batch.column(SPAN_COLUMN.durationNanos);
    for (const [row, key] of keys.entries()) {
      // A span without an end stays in the tail and may still end on another day: only where it ended is remembered.
      if (duration.has(row)) seen.add(key, unixDayOf(start.u64(row) ?? 0n), batch.writtenUnixMillis);
    }
  }

  async function store(spans: readonly StoredSpan[], signal: AbortSignal | undefined): Promise<void> {
    const { results, sorted } = await deduplicate(spans, options, (sorted) => {
      // From here on nothing can be taken back.
      signal?.throwIfAborted();
      const { fresh, freshKeys } = sorted;
      const written = fresh.length === 0 ? [] : [appendSpans(fresh, freshKeys, options.onAcknowledged)];
      return { sorted, results: Promise.allSettled([...written, ...sorted.waits]) };
    });
    const failed = (await results).find((result) => result.status === "rejected");
    if (failed !== undefined) throw failed.reason;
    counters.duplicates += sorted.duplicates;
    counters.conflicts += sorted.conflicts;
  }

  /** Takes spans as they are encoded, if none of them may be stored already and none has to be refused. */
  function storeEncoded(encoded: EncodedSpans, signal: AbortSignal | undefined): Promise<void> | undefined {
    if (encoded.hasRepeats || encoded.openSpans > openSpansLeft()) return undefined;
    const keys = keysOfEncoded(encoded);
    if (mayBeStored(encoded, keys, options)) return undefined;
    // From here on nothing can be taken back.
    signal?.throwIfAborted();
    const { columns, days, openSpans } = encoded;
    const writtenUnixMillis = options.now();
    stampColumnBatch(columns, writtenUnixMillis);
    const facts = { days, openSpans, writtenUnixMillis };
    return append(columns, { batch: decodeColumnBatch(columns), keys, facts }, options.onAcknowledged);
  }

  async function storeChecked(records: readonly SpanRecord[], signal: AbortSignal | undefined): Promise<CheckedBatch> {
    const checked = checkBatch({ spans: records }, { takesOpenSpans: openSpansLeft() > 0 });
    await store(checked.spans, signal);
    return checked;
  }

  async function storeBatch(batch: RecordBatch | EncodedSpans, signal: AbortSignal | undefined): Promise<WriteOutcome> {
    if (!("columns" in batch)) return outcomeOf(await storeChecked(batch.spans, signal));
    const { rowCount, rejected, reason } = batch;
    if (rowCount === 0) return outcomeOf({ spans: [], rejected, reason });
    const stored = storeEncoded(batch, signal);
    if (stored !== undefined) {
      await stored;
      return outcomeOf({ spans: { length: rowCount }, rejected, reason });
    }
    const spans = decodeSpans(batch).spans.map(({ span }) => span);
    const checked = await storeChecked(spans, signal);
    return outcomeOf({
      spans: checked.spans,
      rejected: rejected + checked.rejected,
      reason: reason === "" ? checked.reason : reason,
    });
  }

  async function write(batch: RecordBatch | EncodedSpans, signal?: AbortSignal): Promise<WriteOutcome> {
    signal?.throwIfAborted();
    const refusal = options.refusal();
    if (refusal !== undefined) return { status: "rejected", error: refusal };
    if (isOverloaded()) return { status: "overloaded", retryAfterMs: 1_000 };
    try {
      return await storeBatch(batch, signal);
    } catch (error) {
      if (signal?.aborted === true) throw signal.reason;
      if (!(error instanceof MonitorError)) throw error;
      if (error.code === "STORE_FULL") options.onFull();
      return { status: "rejected", error };
    }
  }

  return { write, carryOver: (spans) => appendSpans(spans, keysOf(spans)) };
}

import {
  createColumnBatchBuilder,
  decodeColumnBatch,
  LIMITS,
  MonitorError,
  type RecordBatch,
} from "@nexent/monitor-core";
import type { AcknowledgedListener, StoredSpan, WriteOutcome } from "./contract.ts";
import { deduplicate, type LookUp } from "./dedupe.ts";
import type { Feeder } from "./feeder.ts";
import { factsOf } from "./journal-facts.ts";
import type { Journal } from "./journal/journal.ts";
import type { SeenIds } from "./seen-ids.ts";
import { keysOf } from "./stored-span.ts";
import type { Tail, TailBatch } from "./tail.ts";
import { unixDayOf } from "./unix-day.ts";
import { checkBatch, outcomeOf } from "./write-rules.ts";

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

/** The way of a batch into the store. */
export interface WritePath {
  /** Rules, deduplication, journal, acknowledgement; the index follows by itself. */
  write(batch: RecordBatch, signal?: AbortSignal): Promise<WriteOutcome>;
  /** Writes spans without an end to the journal again, before the segment they stand in goes. */
  readonly carryOver: (spans: readonly StoredSpan[]) => Promise<void>;
}

/** The write path over the parts of a store. */
export function createWritePath(options: WritePathOptions): WritePath {
  const { journal, tail, seen, feeder, counters } = options;
  const builder = createColumnBatchBuilder();

  function isOverloaded(): boolean {
    return tail.bytes >= LIMITS.indexTailBytes || feeder.lagSeconds() * 1000 >= LIMITS.indexLagMs;
  }

  function append(
    spans: readonly StoredSpan[],
    keys: readonly string[],
    onAcknowledged?: AcknowledgedListener,
  ): Promise<void> {
    builder.clear();
    for (const { span, llm } of spans) builder.append(span, llm);
    const payload = builder.encode(options.now());
    const batch = decodeColumnBatch(payload);
    const entry: TailBatch = { batch, keys, position: undefined, durableAtMillis: 0, durable: Promise.resolve() };
    entry.durable = journal
      .append(payload, factsOf(batch), (position) => onDurable(entry, position, spans, onAcknowledged))
      .catch((error: unknown) => {
        tail.discard(entry);
        throw error;
      });
    tail.add(entry);
    return entry.durable;
  }

  function onDurable(
    entry: TailBatch,
    position: bigint,
    spans: readonly StoredSpan[],
    onAcknowledged: AcknowledgedListener | undefined,
  ): void {
    entry.position = position;
    entry.durableAtMillis = performance.now();
    for (const { span } of spans) {
      // A span without an end stays in the tail and may still end on another day: only where it ended is remembered.
      if (span.durationNanos === undefined) continue;
      seen.add(span.traceId, span.spanId, unixDayOf(span.startUnixNanos), entry.batch.writtenUnixMillis);
    }
    feeder.add(entry);
    onAcknowledged?.(spans);
  }

  async function store(spans: readonly StoredSpan[], signal: AbortSignal | undefined): Promise<void> {
    const { results, sorted } = await deduplicate(spans, options, (sorted) => {
      // From here on nothing can be taken back.
      signal?.throwIfAborted();
      const written = sorted.fresh.length === 0 ? [] : [append(sorted.fresh, sorted.freshKeys, options.onAcknowledged)];
      return { sorted, results: Promise.allSettled([...written, ...sorted.waits]) };
    });
    const failed = (await results).find((result) => result.status === "rejected");
    if (failed !== undefined) throw failed.reason;
    counters.duplicates += sorted.duplicates;
    counters.conflicts += sorted.conflicts;
  }

  async function write(records: RecordBatch, signal?: AbortSignal): Promise<WriteOutcome> {
    signal?.throwIfAborted();
    const refusal = options.refusal();
    if (refusal !== undefined) return { status: "rejected", error: refusal };
    if (isOverloaded()) return { status: "overloaded", retryAfterMs: 1_000 };
    const checked = checkBatch(records, { takesOpenSpans: tail.openSpans < MAX_OPEN_SPANS });
    try {
      await store(checked.spans, signal);
      return outcomeOf(checked);
    } catch (error) {
      if (signal?.aborted === true) throw signal.reason;
      if (!(error instanceof MonitorError)) throw error;
      if (error.code === "STORE_FULL") options.onFull();
      return { status: "rejected", error };
    }
  }

  return { write, carryOver: (spans) => append(spans, keysOf(spans)) };
}

import { SPAN_COLUMN, type ColumnBatch } from "@nexent/monitor-core";
import type { StoredSpan } from "./contract.ts";
import { spanKey } from "./stored-span.ts";
import { createTraceKeys } from "./trace-keys.ts";

/** A batch that is on its way: into the journal first, into the index then. */
export interface TailBatch {
  readonly batch: ColumnBatch;
  /** Identities of its rows. */
  readonly keys: readonly string[];
  /** Set once the batch is durable. */
  position: bigint | undefined;
  /** Monotonic time at which it became durable, ms. */
  durableAtMillis: number;
  /** Settles with the sync that makes it durable. */
  durable: Promise<void>;
}

/** Counts of what is durable but not in the index. */
export interface TailSummary {
  readonly spans: number;
  readonly calls: number;
  /** Starts of all spans, and of finished LLM calls. */
  readonly starts: readonly bigint[];
  readonly callStarts: readonly bigint[];
}

/** A span that the index does not hold yet. */
export interface TailSpan {
  readonly stored: StoredSpan;
  /** Present while its batch waits for the sync. */
  readonly pending?: Promise<void>;
}

/** What is stored but not in the index: rows of recent batches, and spans without an end. */
export interface Tail {
  /** Encoded bytes of the batches. */
  readonly bytes: number;
  /** Spans without an end, those in recent batches not counted. */
  readonly openSpans: number;
  /** @param key identity of a span, see `spanKey`. */
  has(key: string): boolean;
  find(key: string): TailSpan | undefined;
  /** Durable spans of one trace. */
  trace(traceId: string): readonly StoredSpan[];
  /** Adds every row of a batch; a row takes the place of an open span of the same identity. */
  add(batch: TailBatch): void;
  /** The index holds the batch now; its spans without an end stay here. */
  indexed(batch: TailBatch): void;
  /** The batch was not kept; what it had replaced is back. */
  discard(batch: TailBatch): void;
  /** Sets a span without an end that was read back from the journal. */
  addOpen(stored: StoredSpan): void;
  removeOpen(traceId: string, spanId: string): void;
  /** Forgets spans without an end, those in recent batches not among them; answers how many. */
  removeOpenWhere(matches: (stored: StoredSpan) => boolean): number;
  openIdentities(): readonly StoredSpan[];
  summary(): TailSummary;
}

interface Place {
  readonly source: TailBatch | StoredSpan;
  readonly row: number;
  /** What stood here before, while this place's batch may still be discarded. */
  previous?: Place;
}

/** An empty tail. */
export function createTail(): Tail {
  const places = new Map<string, Place>();
  const byTrace = createTraceKeys();
  const batches = new Set<TailBatch>();
  let bytes = 0;
  let openSpans = 0;

  /** @param before what stands there now; every look-up of a key costs. */
  function put(key: string, place: Place, before: Place | undefined): void {
    if (before === undefined) byTrace.add(key);
    else if (isOpenSpan(before)) openSpans--;
    if (isOpenSpan(place)) openSpans++;
    places.set(key, place);
  }

  /** @param before what stands there now. */
  function remove(key: string, before: Place): void {
    if (isOpenSpan(before)) openSpans--;
    places.delete(key);
    byTrace.remove(key);
  }

  function leave(batch: TailBatch, each: (key: string, place: Place) => void): void {
    if (!batches.delete(batch)) return;
    bytes -= batch.batch.byteLength;
    for (const [row, key] of batch.keys.entries()) {
      const place = places.get(key);
      if (place?.source === batch && place.row === row) each(key, place);
    }
  }

  return {
    get bytes() {
      return bytes;
    },
    get openSpans() {
      return openSpans;
    },
    has: (key) => places.has(key),
    find(key) {
      const place = places.get(key);
      if (place === undefined) return undefined;
      const stored = storedAt(place);
      return isBatch(place.source) && place.source.position === undefined
        ? { stored, pending: place.source.durable }
        : { stored };
    },
    trace(traceId) {
      const found: StoredSpan[] = [];
      for (const key of byTrace.of(traceId)) {
        const place = durablePlace(places.get(key));
        if (place !== undefined) found.push(storedAt(place));
      }
      return found;
    },
    add(batch) {
      batches.add(batch);
      bytes += batch.batch.byteLength;
      for (const [row, key] of batch.keys.entries()) {
        const previous = places.get(key);
        put(key, previous === undefined ? { source: batch, row } : { source: batch, row, previous }, previous);
      }
    },
    indexed(batch) {
      leave(batch, (key, place) => {
        const stored = isEnded(batch.batch, place.row) ? undefined : storedAt(place);
        if (stored === undefined) remove(key, place);
        else put(key, { source: stored, row: 0 }, place);
      });
    },
    discard(batch) {
      leave(batch, (key, place) => {
        if (place.previous === undefined) remove(key, place);
        // Only an open span can have been replaced, so it is kept as one whatever became of its batch.
        else put(key, { source: storedAt(place.previous), row: 0 }, place);
      });
    },
    addOpen(stored) {
      const key = spanKey(stored.span.traceId, stored.span.spanId);
      put(key, { source: stored, row: 0 }, places.get(key));
    },
    removeOpen(traceId, spanId) {
      const key = spanKey(traceId, spanId);
      const place = places.get(key);
      if (place !== undefined && isOpenSpan(place)) remove(key, place);
    },
    removeOpenWhere(matches) {
      let removed = 0;
      for (const [key, place] of places) {
        if (isBatch(place.source) || !matches(place.source)) continue;
        remove(key, place);
        removed++;
      }
      return removed;
    },
    openIdentities: () => [...places.values()].flatMap(({ source }) => (isBatch(source) ? [] : source)),
    summary() {
      const starts: bigint[] = [];
      const callStarts: bigint[] = [];
      for (const latest of places.values()) {
        const place = durablePlace(latest);
        if (place === undefined) continue;
        const { start, isCall } = factsAt(place);
        starts.push(start);
        if (isCall) callStarts.push(start);
      }
      return { spans: starts.length, calls: callStarts.length, starts, callStarts };
    },
  };
}

function isBatch(source: TailBatch | StoredSpan): source is TailBatch {
  return "batch" in source;
}

function isOpenSpan(place: Place | undefined): boolean {
  return place !== undefined && !isBatch(place.source);
}

/** The newest durable form of a span. */
function durablePlace(place: Place | undefined): Place | undefined {
  if (place === undefined || !isBatch(place.source) || place.source.position !== undefined) return place;
  return durablePlace(place.previous);
}

function storedAt({ source, row }: Place): StoredSpan {
  return isBatch(source) ? source.batch.row(row) : source;
}

/** Read from the columns, which is cheaper than a whole span. */
function factsAt({ source, row }: Place): { readonly start: bigint; readonly isCall: boolean } {
  if (!isBatch(source)) return { start: source.span.startUnixNanos, isCall: false };
  const isCall = isEnded(source.batch, row) && source.batch.column(SPAN_COLUMN.isLlm).has(row);
  return { start: source.batch.column(SPAN_COLUMN.startUnixNanos).u64(row) ?? 0n, isCall };
}

function isEnded(batch: ColumnBatch, row: number): boolean {
  return batch.column(SPAN_COLUMN.durationNanos).has(row);
}

import { decodeColumnBatch, MonitorError, SPAN_COLUMN, type ColumnBatch } from "@nexent/monitor-core";
import type { IoPort } from "./io-port.ts";
import type { DuckdbIndex } from "./duckdb/duckdb-index.ts";
import type { IndexedBatch } from "./duckdb/index-writer.ts";
import { factsOf } from "./journal-facts.ts";
import { readJournal, type JournalFindings } from "./journal/read-journal.ts";
import type { BatchFacts } from "./journal/segment-trailer.ts";
import type { SeenIds } from "./seen-ids.ts";
import { spanKey } from "./stored-span.ts";
import type { Tail } from "./tail.ts";
import { unixDayOf } from "./unix-day.ts";

/** A skipped segment counts as that many bytes to read. */
const SEGMENT_BYTES = 16 * 1024 * 1024;

/** What a start read back from the journal. */
export interface ReadBack {
  readonly findings: JournalFindings;
  /** Bytes of the journal whose rows the index lacks. */
  bytesMissing(index: DuckdbIndex): number;
}

/** Options of reading back. */
export interface ReadBackOptions {
  readonly io: IoPort;
  readonly directory: string;
  readonly seen: SeenIds;
  readonly tail: Tail;
  /** Segments whose newest batch was written before are skipped, unless they hold spans without an end. */
  readonly sinceUnixMillis: number;
  /** Rows of a day up to this position were removed for good. */
  readonly droppedThrough: (day: number) => bigint;
}

/**
 * Reads the ids of the last 24 h and the spans without an end. Changes nothing on disk.
 * @throws {DATA_DIR_TOO_NEW}
 */
export async function readBack(options: ReadBackOptions): Promise<ReadBack> {
  const { io, directory, seen, sinceUnixMillis } = options;
  const pieces: { readonly bytes: number; readonly highestByDay: ReadonlyMap<number, bigint> }[] = [];
  const findings = await readJournal({
    io,
    directory,
    wants(trailer) {
      if (trailer.newestWrittenUnixMillis >= sinceUnixMillis || trailer.openSpans > 0) return true;
      pieces.push({ bytes: SEGMENT_BYTES, highestByDay: trailer.highestByDay });
      seen.forgetBefore(sinceUnixMillis);
      return false;
    },
    onBatch({ position, payload }) {
      const batch = tryDecode(payload);
      if (batch === undefined) return false;
      remember(batch, position, options);
      const { days } = factsOf(batch);
      pieces.push({ bytes: batch.byteLength, highestByDay: new Map(days.map((day) => [day, position])) });
      return true;
    },
  });
  // Ids of segments that are gone are not known any more.
  if (findings.firstFrame !== 1n) seen.forgetBefore(sinceUnixMillis);
  return {
    findings,
    bytesMissing: (index) =>
      pieces.reduce((sum, { bytes, highestByDay }) => sum + (lacks(index, highestByDay) ? bytes : 0), 0),
  };
}

/** Options of a replay. */
export interface ReplayOptions {
  readonly io: IoPort;
  readonly directory: string;
  /** Later batches are not replayed: they are not durable, or on their way to the index already. */
  readonly upTo: bigint;
  readonly flushRows: number;
  /** Gives up between two batches; what is missing then is replayed at the next start. */
  readonly signal: AbortSignal;
  readonly onProgress?: () => void;
}

/** Writes what the journal holds and the index lacks into the index, in order. */
export async function replayInto(
  index: DuckdbIndex,
  { io, directory, upTo, flushRows, signal, onProgress }: ReplayOptions,
): Promise<void> {
  let group: IndexedBatch[] = [];
  let rows = 0;
  async function flush(): Promise<void> {
    signal.throwIfAborted();
    onProgress?.();
    await index.write(group);
    [group, rows] = [[], 0];
  }
  await readJournal({
    io,
    directory,
    wants: (trailer) => lacks(index, trailer.highestByDay),
    async onBatch({ position, payload }) {
      const batch = position > upTo ? undefined : tryDecode(payload);
      if (batch === undefined || !lacks(index, new Map(factsOf(batch).days.map((day) => [day, position])))) return true;
      group.push({ position, batch });
      rows += batch.rowCount;
      if (rows >= flushRows) await flush();
      return true;
    },
  });
  await flush();
}

function lacks(index: DuckdbIndex, highestByDay: ReadonlyMap<number, bigint>): boolean {
  for (const [day, position] of highestByDay) if (index.appliedOf(day) < position) return true;
  return false;
}

function remember(batch: ColumnBatch, position: bigint, { seen, tail, droppedThrough }: ReadBackOptions): void {
  const traceIds = batch.column(SPAN_COLUMN.traceId);
  const spanIds = batch.column(SPAN_COLUMN.spanId);
  const starts = batch.column(SPAN_COLUMN.startUnixNanos);
  const durations = batch.column(SPAN_COLUMN.durationNanos);
  for (let row = 0; row < batch.rowCount; row++) {
    const [traceId, spanId] = [traceIds.hex(row) ?? "", spanIds.hex(row) ?? ""];
    const day = unixDayOf(starts.u64(row) ?? 0n);
    if (position <= droppedThrough(day)) continue;
    if (!durations.has(row)) {
      tail.addOpen(batch.row(row));
      continue;
    }
    seen.add(spanKey(traceId, spanId), day, batch.writtenUnixMillis);
    tail.removeOpen(traceId, spanId);
  }
}

/** Facts about an encoded batch; `undefined` when its content is damaged. */
export function describeBatch(payload: Uint8Array): BatchFacts | undefined {
  const batch = tryDecode(payload);
  return batch === undefined ? undefined : factsOf(batch);
}

function tryDecode(payload: Uint8Array): ColumnBatch | undefined {
  try {
    return decodeColumnBatch(payload);
  } catch (error) {
    if (error instanceof MonitorError && error.code === "PAYLOAD_MALFORMED") return undefined;
    throw error;
  }
}

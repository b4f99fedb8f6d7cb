import type { IoPort } from "../io-port.ts";
import { readJournal, type JournalFindings } from "../journal/read-journal.ts";
import { decodeMetrics, metricFacts } from "./metric-codec.ts";
import type { MetricIndex } from "./metric-index.ts";
import type { PositionedMetrics } from "./metric-writer.ts";

/** Rows that go into the index at once. */
const FLUSH_ROWS = 50_000;

/**
 * Reads what was not closed properly, changing nothing; what cannot be decoded is damage. The rest is read by a replay,
 * if the index lacks it. @throws {DATA_DIR_TOO_NEW}
 */
export function inspectJournal(io: IoPort, directory: string): Promise<JournalFindings> {
  return readJournal({
    io,
    directory,
    wants: () => false,
    onBatch: ({ payload }) => decodeMetrics(payload) !== undefined,
  });
}

/** Writes what the journal holds up to a position and the index lacks into the index, in order; tells what it found. */
export async function replayMetrics(
  index: MetricIndex,
  { io, directory, upTo }: { readonly io: IoPort; readonly directory: string; readonly upTo?: bigint },
): Promise<{ readonly rows: number; readonly findings: JournalFindings }> {
  let group: PositionedMetrics[] = [];
  let rows = 0;
  let replayed = 0;
  async function flush(): Promise<void> {
    await index.write(group);
    replayed += rows;
    [group, rows] = [[], 0];
  }
  const lacks = (days: Iterable<readonly [number, bigint]>): boolean =>
    [...days].some(([day, position]) => index.appliedOf(day) < position);
  const findings = await readJournal({
    io,
    directory,
    wants: ({ highestByDay }) => lacks(highestByDay),
    async onBatch({ position, payload }) {
      const batch = upTo !== undefined && position > upTo ? undefined : decodeMetrics(payload);
      if (batch === undefined || !lacks(metricFacts(batch).days.map((day) => [day, position]))) return true;
      group.push({ position, batch });
      rows += batch.rowCount;
      if (rows >= FLUSH_ROWS) await flush();
      return true;
    },
  });
  await flush();
  return { rows: replayed, findings };
}

import type { RequestRow } from "@nexent/monitor-api";

/** Rows that came live: those in the list, and those that wait while the reader holds it. */
export interface LiveRows {
  readonly entered: readonly RequestRow[];
  readonly waiting: readonly RequestRow[];
}

export const NO_LIVE_ROWS: LiveRows = { entered: [], waiting: [] };

/** More rows than this a live list does not keep; older ones are a page load away. */
const MOST_LIVE_ROWS = 2_000;

/** What the frame's filters let through. */
export interface RowFilter {
  readonly models: readonly string[];
  readonly operations: readonly string[];
  readonly providers: readonly string[];
}

/** Whether a live row, or an open call, belongs to the view. */
export function passesFilter(row: Pick<RequestRow, "model" | "operation" | "provider">, filter: RowFilter): boolean {
  const among = (chosen: readonly string[], value: string | undefined) =>
    chosen.length === 0 || (value !== undefined && chosen.includes(value));
  return (
    among(filter.models, row.model) && among(filter.operations, row.operation) && among(filter.providers, row.provider)
  );
}

/** Takes a row in, or lets it wait while the list is held. */
export function takeRow(rows: LiveRows, row: RequestRow, held: boolean): LiveRows {
  if (held) return { ...rows, waiting: [row, ...rows.waiting].slice(0, MOST_LIVE_ROWS) };
  return { ...rows, entered: [row, ...rows.entered].slice(0, MOST_LIVE_ROWS) };
}

/** Lets the waiting rows in. */
export function releaseRows(rows: LiveRows): LiveRows {
  if (rows.waiting.length === 0) return rows;
  return { entered: [...rows.waiting, ...rows.entered].slice(0, MOST_LIVE_ROWS), waiting: [] };
}

/** Live and loaded rows together, newest start first, each id once; a live row is newer than a loaded one. */
export function mergeRows(entered: readonly RequestRow[], loaded: readonly RequestRow[]): readonly RequestRow[] {
  if (entered.length === 0) return loaded;
  const byId = new Map<string, RequestRow>();
  for (const row of loaded) byId.set(row.id, row);
  for (const row of entered.toReversed()) byId.set(row.id, row);
  return [...byId.values()].toSorted((a, b) => b.startMs - a.startMs);
}

import type { OpenCall } from "@nexent/monitor-api";

/** An open call as a row. */
export interface OpenRow {
  readonly key: string;
  readonly call: OpenCall;
  /** By the server's clock, Unix ms. */
  readonly startMs: number;
  /** It ended while the reader held the list, and leaves with it. */
  readonly ended: boolean;
}

function rowOf(call: OpenCall, index: number, before: ReadonlyMap<string, OpenRow>, nowMs: number): OpenRow {
  // Without spans calls have no ids; their order is by age and rarely changes.
  const key = call.id ?? String(index);
  // Answers take their time: a start that is told again must not jump.
  const startMs = call.id === undefined ? undefined : before.get(key)?.startMs;
  return { key, call, startMs: startMs ?? nowMs - call.elapsedMs, ended: false };
}

/**
 * The rows after another look at the open calls. `held`: nothing moves under the pointer, so what ended stays, marked, and
 * what is new waits.
 */
export function nextOpenRows(
  rows: readonly OpenRow[],
  calls: readonly OpenCall[],
  { held, nowMs }: { readonly held: boolean; readonly nowMs: number },
): readonly OpenRow[] {
  const before = new Map(rows.map((row) => [row.key, row]));
  const after = calls.map((call, index) => rowOf(call, index, before, nowMs));
  if (!held) return after;
  const byKey = new Map(after.map((row) => [row.key, row]));
  return rows.map((row) => byKey.get(row.key) ?? { ...row, ended: true });
}

import type { CallPage, CallSort } from "./contract.ts";
import { invalidQuery } from "./query-rules.ts";

/** The last row of a page: the place from which the next page goes on. */
export interface PageMark {
  /** Sort value; absent when the row has none (or the sort is by start). */
  readonly value?: number;
  readonly startUnixNanos: bigint;
  readonly traceId: string;
  readonly spanId: string;
}

/** The sort of a page, newest first if it names none. */
export function sortOf(page: CallPage): CallSort {
  return page.sort ?? { column: "start", descending: true };
}

/** Opaque text of a mark; holds the sort too, so that a cursor cannot be used with another one. */
export function encodeCursor(sort: CallSort, mark: PageMark): string {
  const parts = [
    sort.column,
    sort.descending,
    mark.value ?? null,
    String(mark.startUnixNanos),
    mark.traceId,
    mark.spanId,
  ];
  return Buffer.from(JSON.stringify(parts)).toString("base64url");
}

/** @throws {QUERY_INVALID} when the text is no cursor of this sort. */
export function decodeCursor(sort: CallSort, cursor: string): PageMark {
  const parts = parseParts(cursor);
  if (parts === undefined || parts[0] !== sort.column || parts[1] !== sort.descending)
    throw invalidQuery("not a cursor of this list");
  const [, , value, start, traceId, spanId] = parts;
  if (typeof start !== "string" || !/^\d{1,19}$/.test(start)) throw invalidQuery("not a cursor of this list");
  if (typeof traceId !== "string" || !/^[0-9a-f]{32}$/.test(traceId)) throw invalidQuery("not a cursor of this list");
  if (typeof spanId !== "string" || !/^[0-9a-f]{16}$/.test(spanId)) throw invalidQuery("not a cursor of this list");
  const mark = { startUnixNanos: BigInt(start), traceId, spanId };
  return typeof value === "number" ? { value, ...mark } : mark;
}

function parseParts(cursor: string): readonly unknown[] | undefined {
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, "base64url").toString());
    return Array.isArray(parts) ? parts : undefined;
  } catch {
    return undefined; // not ours; the caller answers QUERY_INVALID
  }
}

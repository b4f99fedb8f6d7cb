import type { DuckDBConnection, DuckDBValue } from "@duckdb/node-api";
import { bigintOf, bind, readRows } from "./statement.ts";

/** How far before the last span the newest call is looked for at first, nanoseconds. */
const FIRST_LOOK_NANOS = 60_000_000_000n;
const WIDER = 16n;

/** What is told of the spans of a file. */
export interface SpanFacts {
  readonly spans: number;
  readonly calls: number;
  readonly oldestUnixNanos: bigint | undefined;
  readonly newestCallUnixNanos: bigint | undefined;
}

/**
 * Reads it from what the engine keeps of row groups, and as few rows as can be: a start that reads every time of every
 * file takes seconds and keeps them in memory.
 */
export async function readSpanFacts(connection: DuckDBConnection, alias: string): Promise<SpanFacts> {
  const spans = " FROM " + alias + ".main.spans";
  const [whole] = await readRows(connection, "SELECT count(*), min(start_ns), max(start_ns)" + spans);
  const [calls] = await readRows(connection, "SELECT count(*)" + spans + " WHERE is_llm");
  const [oldest, last] = [timeOf(whole?.[1]), timeOf(whole?.[2])];
  const count = Number(bigintOf(calls?.[0]));
  return {
    spans: Number(bigintOf(whole?.[0])),
    calls: count,
    oldestUnixNanos: oldest,
    newestCallUnixNanos:
      count === 0 || oldest === undefined || last === undefined
        ? undefined
        : await readNewestCall(connection, spans, oldest, last),
  };
}

/** From the last span back, further each time. */
async function readNewestCall(
  connection: DuckDBConnection,
  spans: string,
  oldest: bigint,
  last: bigint,
): Promise<bigint | undefined> {
  for (let width = FIRST_LOOK_NANOS; ; width *= WIDER) {
    const sql = "SELECT max(start_ns)" + spans + " WHERE is_llm AND start_ns >= $from";
    const [row] = await readRows(connection, sql, { from: bind.nanos(last - width) });
    const newest = timeOf(row?.[0]);
    if (newest !== undefined || last - width <= oldest) return newest;
  }
}

function timeOf(value: DuckDBValue | undefined): bigint | undefined {
  return typeof value === "bigint" ? value : undefined;
}

import type { DuckDBConnection } from "@duckdb/node-api";
import { MonitorError } from "@nexent/monitor-core";
import { runStatement } from "../duckdb/database.ts";
import { attachFile, createTables, readEverything } from "../duckdb/day-file.ts";
import { fileAlias, type IndexFile } from "../duckdb/index-files.ts";
import { bind, bigintOf, readRows, type Parameters } from "../duckdb/statement.ts";
import { METRIC_FILES, SAMPLE_TABLES, timesOf } from "./metric-schema.ts";

/** Times `from <= t < to`. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** What a rewritten file holds. */
export interface Rewritten {
  readonly samples: number;
  /** Exemplars may be all there is. */
  readonly isEmpty: boolean;
}

/**
 * Copies an attached file without a span of time into a new one, each series together, and reads it back. Only this
 * erases: the engine leaves the bytes of a deleted row where they are.
 */
export async function copyWithout(
  connection: DuckDBConnection,
  file: IndexFile,
  path: string,
  span: Span,
): Promise<Rewritten> {
  const alias = fileAlias(file) + "n";
  await attachFile(connection, path, alias);
  try {
    await createTables(connection, METRIC_FILES.createTables(alias), alias);
    await copyTables(connection, fileAlias(file), alias, span);
    await runStatement(connection, "CHECKPOINT " + alias);
  } finally {
    await runStatement(connection, "DETACH " + alias);
  }
  await attachFile(connection, path, alias, true);
  try {
    await readEverything(connection, alias, METRIC_FILES.tables);
    const kept = await countRows(connection, alias, "", {});
    const expected = await countRows(connection, fileAlias(file), " WHERE " + OUTSIDE, bounds(span));
    if (kept.join(" ") !== expected.join(" "))
      throw new MonitorError("STORE_UNAVAILABLE", "a copied file does not hold what it was given");
    const [samples = 0, exemplars = 0] = kept;
    return { samples, isEmpty: samples + exemplars === 0 };
  } finally {
    await runStatement(connection, "DETACH " + alias);
  }
}

/** Rows that are sorted at once. */
const SORTED_ROWS = 2_000_000;
const OUTSIDE = "(ts_ms < $from OR ts_ms >= $to)";

function bounds({ fromMs, toMs }: Span): Parameters {
  const clamp = (value: number): number => Math.max(0, Math.min(value, 2 ** 53));
  return { from: bind.integer(clamp(fromMs)), to: bind.integer(clamp(toMs)) };
}

async function copyTables(connection: DuckDBConnection, from: string, to: string, span: Span): Promise<void> {
  const [source, target] = [from + ".main.", to + ".main."];
  await runStatement(connection, "BEGIN TRANSACTION");
  try {
    for (const table of [...SAMPLE_TABLES, "exemplars"])
      await copySorted(connection, source + table, target + table, span);
    const used =
      "SELECT series_id FROM (" + timesOf(to) + " UNION ALL SELECT series_id, ts_ms FROM " + target + "exemplars)";
    const rest = [
      "series SELECT * FROM " + source + "series WHERE id IN (" + used + ") ORDER BY id",
      "families SELECT * FROM " +
        source +
        "families WHERE family IN (SELECT family FROM " +
        target +
        "series) ORDER BY rowid",
      "bounds SELECT * FROM " +
        source +
        "bounds WHERE id IN (SELECT bounds_id FROM " +
        target +
        "histograms) ORDER BY id",
      "meta SELECT 'sorted', count(*)::VARCHAR FROM (" + timesOf(to) + ")",
      "applied SELECT max(position) FROM " + source + "applied HAVING count(*) > 0",
    ];
    for (const sql of rest) await runStatement(connection, "INSERT INTO " + target + sql);
    await runStatement(connection, "COMMIT");
  } catch (error) {
    await runStatement(connection, "ROLLBACK").catch(() => undefined);
    throw error;
  }
}

/** Some series after the other, so that no sort holds more than fits in memory. */
async function copySorted(connection: DuckDBConnection, from: string, to: string, span: Span): Promise<void> {
  const [size] = await readRows(connection, "SELECT count(*), coalesce(max(series_id), 0)::BIGINT FROM " + from);
  const [rows = 0, last = 0] = (size ?? []).map((value) => Number(bigintOf(value)));
  const step = Math.max(1, Math.floor((last * SORTED_ROWS) / Math.max(1, rows)));
  for (let after = 0; after <= last; after += step) {
    const sql =
      "INSERT INTO " + to + " SELECT * FROM " + from + " WHERE series_id > $after AND series_id <= $through AND ";
    await readRows(connection, sql + OUTSIDE + " ORDER BY series_id, ts_ms", {
      ...bounds(span),
      after: bind.integer(after),
      through: bind.integer(after + step),
    });
  }
}

async function countRows(
  connection: DuckDBConnection,
  alias: string,
  where: string,
  parameters: Parameters,
): Promise<readonly number[]> {
  const counts: number[] = [];
  for (const rows of [timesOf(alias), "SELECT ts_ms FROM " + alias + ".main.exemplars"]) {
    const [row] = await readRows(connection, "SELECT count(*) FROM (" + rows + ")" + where, parameters);
    counts.push(Number(bigintOf(row?.[0])));
  }
  return counts;
}

import type { DuckDBConnection } from "@duckdb/node-api";
import { checkSchema, readApplied, type DayFileSchema } from "../duckdb/day-file.ts";
import { fileAlias, type IndexFile } from "../duckdb/index-files.ts";
import { numberOrNothing, readRows, textOrNothing } from "../duckdb/statement.ts";

const SCHEMA_VERSION = 1;

/** What a value is that a DOUBLE column could confuse with another one; the value itself is then NULL. */
export const MARK = { nan: 1, stale: 2, minusZero: 3, end: 4 } as const;

/** What is known of a file of metric samples. */
export interface MetricFileSummary {
  applied: bigint;
  samples: number;
  /** Samples that lay sorted by series and time when the file was last written as a whole. */
  sortedSamples: number;
  oldestMs: number | undefined;
  newestMs: number | undefined;
}

/** Tables with samples. */
export const SAMPLE_TABLES = ["samples", "histograms", "summaries"] as const;

/** Columns of each table, in the order in which they are written. */
export const METRIC_TABLES = {
  series: "id UINTEGER, family VARCHAR, kind VARCHAR, labels MAP(VARCHAR, VARCHAR)",
  families: "family VARCHAR, type VARCHAR, unit VARCHAR, help VARCHAR",
  bounds: "id UINTEGER, bounds DOUBLE[]",
  samples: "series_id UINTEGER, ts_ms BIGINT, start_ms BIGINT, value DOUBLE, mark UTINYINT",
  histograms:
    "series_id UINTEGER, ts_ms BIGINT, start_ms BIGINT, count DOUBLE, value DOUBLE, mark UTINYINT, bounds_id UINTEGER, buckets DOUBLE[]",
  summaries:
    "series_id UINTEGER, ts_ms BIGINT, start_ms BIGINT, count DOUBLE, value DOUBLE, mark UTINYINT, quantiles DOUBLE[], quantile_values DOUBLE[]",
  exemplars:
    "series_id UINTEGER, ts_ms BIGINT, value DOUBLE, mark UTINYINT, trace_id VARCHAR, span_id VARCHAR, labels VARCHAR",
} as const;

/** Files of metric samples. */
export const METRIC_FILES: DayFileSchema<MetricFileSummary> = {
  createTables: (alias) => [
    ...Object.entries(METRIC_TABLES).map(
      ([name, columns]) => "CREATE TABLE " + alias + ".main." + name + " (" + columns + ")",
    ),
    "CREATE TABLE " + alias + ".main.applied (position UBIGINT)",
    "CREATE TABLE " + alias + ".main.meta (key VARCHAR, value VARCHAR)",
    "INSERT INTO " + alias + ".main.meta VALUES ('schema', '" + String(SCHEMA_VERSION) + "')",
  ],
  emptySummary: () => ({ applied: 0n, samples: 0, sortedSamples: 0, oldestMs: undefined, newestMs: undefined }),
  readSummary,
  tables: [...Object.keys(METRIC_TABLES), "applied", "meta"],
};

async function readSummary(connection: DuckDBConnection, file: IndexFile): Promise<MetricFileSummary> {
  await checkSchema(connection, file, SCHEMA_VERSION);
  const alias = fileAlias(file);
  const [row] = await readRows(connection, "SELECT count(*), min(ts_ms), max(ts_ms) FROM (" + timesOf(alias) + ")");
  const [sorted] = await readRows(connection, "SELECT value FROM " + alias + ".main.meta WHERE key = 'sorted'");
  return {
    sortedSamples: Number(textOrNothing(sorted?.[0]) ?? "0"),
    applied: await readApplied(connection, alias),
    samples: numberOrNothing(row?.[0]) ?? 0,
    oldestMs: numberOrNothing(row?.[1]),
    newestMs: numberOrNothing(row?.[2]),
  };
}

/** Series and time of every sample of a file. */
export function timesOf(alias: string): string {
  return SAMPLE_TABLES.map((table) => "SELECT series_id, ts_ms FROM " + alias + ".main." + table).join(" UNION ALL ");
}

import { setImmediate } from "node:timers/promises";
import type { DuckDBConnection } from "@duckdb/node-api";
import { runStatement } from "../duckdb/database.ts";
import type { DayFiles } from "../duckdb/day-files.ts";
import { fileAlias, openFileOf } from "../duckdb/index-files.ts";
import type { ReadGate } from "../duckdb/read-gate.ts";
import { bind, readRows } from "../duckdb/statement.ts";
import { metricFacts, type JournaledMetrics } from "./metric-codec.ts";
import { METRIC_TABLES, type MetricFileSummary } from "./metric-schema.ts";
import { loadDayState, type DayState } from "./day-state.ts";
import { planDay, type DayPlan } from "./day-plan.ts";
import type { RowWriter } from "./metric-rows.ts";

/** Rows between two turns of the event loop: a due group commit goes first. */
const SLICE_ROWS = 1_024;
/** Days whose series are remembered. */
const REMEMBERED_DAYS = 3;

/** A batch of the journal on its way into the index. */
export interface PositionedMetrics {
  readonly position: bigint;
  readonly batch: JournaledMetrics;
}

/** Options of the writer. */
export interface MetricWriterOptions {
  readonly files: DayFiles<MetricFileSummary>;
  /** Nobody else writes. */
  readonly connection: DuckDBConnection;
  readonly gate: ReadGate;
  readonly failpoint?: ((name: string) => void) | undefined;
}

/** Puts batches into their day files, each batch exactly once per file. */
export interface MetricWriter {
  /** Batches come in the order of their positions. After an error the same batches are written again. */
  write(batches: readonly PositionedMetrics[]): Promise<void>;
  /** Forgets what it knows of files that were removed or written anew. */
  forget(): void;
}

/** A writer over the given files. */
export function createMetricWriter({ files, connection, gate, failpoint }: MetricWriterOptions): MetricWriter {
  const states = new Map<number, DayState>();

  async function stateOf(day: number): Promise<DayState> {
    const state = states.get(day) ?? (await loadDayState(connection, fileAlias(openFileOf(day))));
    states.delete(day);
    states.set(day, state);
    for (const old of states.keys()) if (states.size > REMEMBERED_DAYS && old !== day) states.delete(old);
    return state;
  }

  async function append(alias: string, table: string, rows: readonly RowWriter[]): Promise<void> {
    if (rows.length === 0) return;
    const appender = connection.createAppender(table, "main", alias);
    const open = await appender;
    try {
      for (const [at, write] of rows.entries()) {
        write(open);
        open.endRow();
        if (at % SLICE_ROWS === SLICE_ROWS - 1) await setImmediate();
      }
    } finally {
      open.closeSync();
    }
  }

  /** One transaction writes one file; the position goes with the rows. */
  async function commitDay(day: number, { rows }: DayPlan, position: bigint): Promise<void> {
    const alias = fileAlias(openFileOf(day));
    await runStatement(connection, "BEGIN TRANSACTION");
    try {
      for (const table of Object.keys(METRIC_TABLES) as (keyof typeof METRIC_TABLES)[])
        await append(alias, table, rows[table]);
      await readRows(connection, "INSERT INTO " + alias + ".main.applied VALUES ($position)", {
        position: bind.position(position),
      });
      failpoint?.("metric-index-flush");
      await runStatement(connection, "COMMIT");
    } catch (error) {
      // A failed COMMIT has rolled back already; then there is nothing left to do.
      await runStatement(connection, "ROLLBACK").catch(() => undefined);
      throw error;
    }
  }

  async function writeDay(day: number, batches: readonly PositionedMetrics[]): Promise<() => Promise<void>> {
    const alias = fileAlias(openFileOf(day));
    const entries = batches.flatMap(({ batch }) => batch.entries);
    const plan = await planDay(connection, alias, day, await stateOf(day), entries);
    return async () => {
      const position = batches.at(-1)?.position ?? 0n;
      await commitDay(day, plan, position);
      const summary = files.summaries.get(openFileOf(day));
      if (summary === undefined) return;
      summary.applied = position;
      summary.samples += plan.samples;
      summary.oldestMs = lower(summary.oldestMs, plan.oldestMs);
      summary.newestMs = lower(negated(summary.newestMs), negated(plan.newestMs));
      summary.newestMs = negated(summary.newestMs);
    };
  }

  return {
    async write(batches) {
      const byDay = missingByDay(batches, (day) => files.summaries.get(openFileOf(day))?.applied ?? 0n);
      if (byDay.size === 0) return;
      await files.use([...byDay.keys()].map(openFileOf), true, async () => {
        try {
          const commits: (() => Promise<void>)[] = [];
          for (const [day, missing] of byDay) commits.push(await writeDay(day, missing));
          const commit = async (): Promise<void> => {
            for (const one of commits) await one();
          };
          await (commits.length > 1 ? gate.exclusive(commit) : commit());
        } catch (error) {
          // What was planned is in no file: what is known of them is read again.
          states.clear();
          throw error;
        }
      });
    },
    forget: () => states.clear(),
  };
}

/** Batches that the file of a day lacks, by day. */
function missingByDay(
  batches: readonly PositionedMetrics[],
  appliedOf: (day: number) => bigint,
): ReadonlyMap<number, readonly PositionedMetrics[]> {
  const byDay = new Map<number, PositionedMetrics[]>();
  for (const one of batches) {
    for (const day of metricFacts(one.batch).days) {
      if (appliedOf(day) >= one.position) continue;
      const missing = byDay.get(day);
      if (missing === undefined) byDay.set(day, [one]);
      else missing.push(one);
    }
  }
  return byDay;
}

function lower(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Math.min(a, b);
}

function negated(value: number | undefined): number | undefined {
  return value === undefined ? undefined : -value;
}

import type { DuckDBConnection } from "@duckdb/node-api";
import type { CallFilter } from "../contract.ts";
import type { CellRange } from "../rollup/aggregate-cells.ts";
import { canBeRolledUp } from "../rollup/rollup-rules.ts";
import { isSealed, type IndexFile } from "./index-files.ts";
import { countIn, type ManyCalls } from "./many-calls.ts";

/** What rollups know of the calls of a filter. */
export interface CallCells {
  /** Sealed files whose calls of the range are in the cells, all of them. */
  readonly files: readonly IndexFile[];
  readonly cells: readonly CellRange[];
}

/**
 * Cells of the calls of sealed files; of none where there are so few that it costs nothing to read them, or where the
 * filter asks for what cells do not know.
 */
export async function readCallCells(
  connection: DuckDBConnection,
  files: readonly IndexFile[],
  filter: CallFilter,
  { rollups, callsOf, limit }: ManyCalls,
): Promise<CallCells> {
  const sealed = files.filter(isSealed);
  const isMany = countIn(sealed, callsOf) > limit;
  if (!isMany || !canBeRolledUp({ filter, groupBy: [], columns: [], quantiles: [] })) return { files: [], cells: [] };
  const cells = await rollups.select(connection, sealed, filter.range, undefined);
  return cells === undefined ? { files: [], cells: [] } : { files: sealed, cells };
}

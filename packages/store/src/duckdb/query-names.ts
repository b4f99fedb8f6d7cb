import type { DuckDBConnection } from "@duckdb/node-api";
import { FACET_VALUES, SPAN_NAMES } from "../answer-order.ts";
import type { Facets, SpanName, TimeRange } from "../contract.ts";
import { mergeFacets, mergeSpanNames, type NameCounts } from "../rollup/day-names.ts";
import { coversFile, isSealed, type IndexFile } from "./index-files.ts";
import { countIn, type ManyCalls } from "./many-calls.ts";
import { scanFacets, scanSpanNames } from "./scan-names.ts";

/** Values that filters can offer, with their calls, of the given files. */
export async function queryFacets(
  connection: DuckDBConnection,
  files: readonly IndexFile[],
  range: TimeRange,
  many: ManyCalls,
): Promise<Facets> {
  const { known, rest } = await knownNames(connection, files, range, many);
  // What is joined with more must not be cut.
  const most = known.length === 0 ? FACET_VALUES : undefined;
  return mergeFacets([...known.map(({ facets }) => facets), await scanFacets(connection, rest, range, most)]);
}

/** Span names of the given files with their spans. */
export async function querySpanNames(
  connection: DuckDBConnection,
  files: readonly IndexFile[],
  range: TimeRange,
  many: ManyCalls,
): Promise<SpanName[]> {
  const { known, rest } = await knownNames(connection, files, range, many);
  const most = known.length === 0 ? SPAN_NAMES : undefined;
  const read = await scanSpanNames(connection, rest, range, most);
  return mergeSpanNames([...known.map(({ spanNames }) => spanNames), read]);
}

/** Names of sealed files whose whole day lies in the range, and the files that are left. */
async function knownNames(
  connection: DuckDBConnection,
  files: readonly IndexFile[],
  range: TimeRange,
  { names, spansOf, limit }: ManyCalls,
): Promise<{ readonly known: readonly NameCounts[]; readonly rest: readonly IndexFile[] }> {
  const whole = files.filter((file) => isSealed(file) && coversFile(range, file));
  if (countIn(whole, spansOf) <= limit) return { known: [], rest: files };
  const known = new Map<IndexFile, NameCounts>();
  for (const file of whole) {
    const own = await names.of(connection, file);
    if (own !== undefined) known.set(file, own);
  }
  return { known: [...known.values()], rest: files.filter((file) => !known.has(file)) };
}

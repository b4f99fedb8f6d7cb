import type { DuckDBValue } from "@duckdb/node-api";
import { isStaleMarker, STALE_MARKER } from "../metric-contract.ts";
import { MARK } from "./metric-schema.ts";

/** A number and its mark as they stand in two columns. */
export interface MarkedValue {
  readonly value: number | null;
  readonly mark: number | null;
}

/** The engine's packing compares by value, so what is equal but not the same goes into a column of its own. */
export function markedValue(value: number | undefined): MarkedValue {
  if (value === undefined) return { value: null, mark: null };
  if (isStaleMarker(value)) return { value: null, mark: MARK.stale };
  if (Number.isNaN(value)) return { value: null, mark: MARK.nan };
  if (Object.is(value, -0)) return { value: null, mark: MARK.minusZero };
  return { value, mark: null };
}

/** Inverse of `markedValue`. */
export function unmarkedValue(value: DuckDBValue | undefined, mark: DuckDBValue | undefined): number | undefined {
  if (mark === MARK.stale) return STALE_MARKER;
  if (mark === MARK.nan) return Number.NaN;
  if (mark === MARK.minusZero) return -0;
  return typeof value === "number" ? value : undefined;
}

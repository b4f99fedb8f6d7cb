import duckdb from "@duckdb/node-bindings";
import { VectorCells, WIDE_CELL_BYTES } from "./vector-cells.ts";

const SEPARATOR = 0x02;

/** Takes the attribute text of a row: bytes from `start` to `end`, or `start` -1 if it has none. */
type VisitText = (cell: number, source: Uint8Array, start: number, end: number) => void;

const keys = new VectorCells();
const values = new VectorCells();

/**
 * Splits attribute texts (keys and values alternate) into a vector of maps. The engine's own `map()` compares the keys
 * of each map as boxed values, which took longer than everything else of an insert; the journal's keys are unique.
 * @param eachText visits the rows in order, and is called twice.
 */
export function fillAttributes(
  vector: duckdb.Vector,
  rows: number,
  cells: VectorCells,
  eachText: (visit: VisitText) => void,
): void {
  let total = 0;
  eachText((_cell, source, start, end) => (total += countPairs(source, start, end)));
  keys.begin(total);
  values.begin(total);
  cells.begin(rows);
  let pairs = 0;
  eachText((cell, source, start, end) => {
    const first = pairs;
    pairs = splitPairs(source, start, end, pairs);
    if (start < 0) cells.absent(cell);
    cells.u64(cell * 2, first);
    cells.u64(cell * 2 + 1, pairs - first);
  });
  duckdb.list_vector_reserve(vector, total);
  duckdb.list_vector_set_size(vector, total);
  const pair = duckdb.list_vector_get_child(vector);
  keys.copyTo(duckdb.struct_vector_get_child(pair, 0), total, WIDE_CELL_BYTES);
  values.copyTo(duckdb.struct_vector_get_child(pair, 1), total, WIDE_CELL_BYTES);
  cells.copyTo(vector, rows, WIDE_CELL_BYTES);
}

/** A text of n pairs holds 2n - 1 separators. */
function countPairs(source: Uint8Array, start: number, end: number): number {
  if (start < 0) return 0;
  let separators = 0;
  for (let at = start; at < end; at++) if (source[at] === SEPARATOR) separators++;
  return (separators + 2) >> 1;
}

/** Puts the pairs of a text behind those that stand there already; answers how many there are then. */
function splitPairs(source: Uint8Array, start: number, end: number, before: number): number {
  if (start < 0) return before;
  let pair = before;
  let at = start;
  do {
    const keyEnd = endOfPart(source, at, end);
    const valueStart = Math.min(keyEnd + 1, end);
    const valueEnd = endOfPart(source, valueStart, end);
    keys.text(pair, source, at, keyEnd);
    values.text(pair, source, valueStart, valueEnd);
    pair++;
    at = valueEnd + 1;
  } while (at < end);
  return pair;
}

function endOfPart(source: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && source[at] !== SEPARATOR) at++;
  return at;
}

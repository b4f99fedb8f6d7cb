import duckdb from "@duckdb/node-bindings";
import { VectorCells, WIDE_CELL_BYTES } from "./vector-cells.ts";

const SEPARATOR = 0x02;
/** Places for keys that were seen: by where they stand in their map, and their first byte. */
const SEEN_KEYS = 256;

/** Takes the attribute text of a row: bytes from `start` to `end`, or `start` -1 if it has none. */
type VisitText = (cell: number, source: Uint8Array, start: number, end: number) => void;

/** A key that was seen in this vector: its bytes, and the cell that holds it. */
interface SeenKey {
  readonly source: Uint8Array;
  readonly start: number;
  readonly length: number;
  readonly cell: number;
}

const keys = new VectorCells();
const values = new VectorCells();
const seenKeys: (SeenKey | undefined)[] = [];

/**
 * Splits attribute texts (keys and values alternate) into a vector of maps. The engine's own `map()` compares the keys
 * of each map as boxed values, which took longer than everything else of an insert; the journal's keys are unique.
 * @param eachText visits the rows in order.
 */
export function fillAttributes(
  vector: duckdb.Vector,
  rows: number,
  cells: VectorCells,
  eachText: (visit: VisitText) => void,
): void {
  keys.begin(0);
  values.begin(0);
  cells.begin(rows);
  seenKeys.length = 0;
  let pairs = 0;
  eachText((cell, source, start, end) => {
    const first = pairs;
    pairs = splitPairs(source, start, end, pairs);
    if (start < 0) cells.absent(cell);
    cells.u64(cell * 2, first);
    cells.u64(cell * 2 + 1, pairs - first);
  });
  seenKeys.length = 0;
  duckdb.list_vector_reserve(vector, pairs);
  duckdb.list_vector_set_size(vector, pairs);
  const pair = duckdb.list_vector_get_child(vector);
  keys.copyTo(duckdb.struct_vector_get_child(pair, 0), pairs, WIDE_CELL_BYTES);
  values.copyTo(duckdb.struct_vector_get_child(pair, 1), pairs, WIDE_CELL_BYTES);
  cells.copyTo(vector, rows, WIDE_CELL_BYTES);
}

/** Puts the pairs of a text behind those that stand there already; answers how many there are then. */
function splitPairs(source: Uint8Array, start: number, end: number, before: number): number {
  if (start < 0) return before;
  let pair = before;
  let at = start;
  do {
    const keyEnd = putKey(source, at, end, pair, pair - before);
    const valueStart = Math.min(keyEnd + 1, end);
    const valueEnd = endOfPart(source, valueStart, end);
    values.text(pair, source, valueStart, valueEnd);
    pair++;
    at = valueEnd + 1;
  } while (at < end);
  return pair;
}

/** Spans of one kind have the same keys in the same order: mostly comparing is enough. Answers where the key ends. */
function putKey(source: Uint8Array, start: number, end: number, cell: number, place: number): number {
  const slot = (place * 4 + ((source[start] ?? 0) & 3)) % SEEN_KEYS;
  const seen = seenKeys[slot];
  if (seen !== undefined && isSameKey(seen, source, start, end)) {
    keys.repeat(cell, seen.cell);
    return start + seen.length;
  }
  const keyEnd = endOfPart(source, start, end);
  keys.text(cell, source, start, keyEnd);
  seenKeys[slot] = { source, start, length: keyEnd - start, cell };
  return keyEnd;
}

function isSameKey(seen: SeenKey, source: Uint8Array, start: number, end: number): boolean {
  const keyEnd = start + seen.length;
  if (keyEnd > end || (keyEnd < end && source[keyEnd] !== SEPARATOR)) return false;
  for (let i = 0; i < seen.length; i++) if (source[start + i] !== seen.source[seen.start + i]) return false;
  return true;
}

function endOfPart(source: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && source[at] !== SEPARATOR) at++;
  return at;
}

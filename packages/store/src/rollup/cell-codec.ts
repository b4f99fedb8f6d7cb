import type { CellKey, CellTable } from "./cell-table.ts";
import { packRollup, unpackRollup, type RollupSource } from "./rollup-bytes.ts";
import { ROLLUP_COLUMNS, ROLLUP_KEYS } from "./rollup-rules.ts";

/** Version of the bytes; other versions, and other columns, are made anew. */
const VERSION = 1;

/** What stands in front of the arrays. */
interface Header {
  readonly columns: readonly string[];
  readonly unitSeconds: number;
  readonly keys: readonly (readonly (string | null)[])[];
  readonly cells: number;
  /** Bins per column. */
  readonly bins: readonly number[];
}

/** A table as bytes; `FORMAT.md` says how. */
export async function encodeCells(source: RollupSource, table: CellTable): Promise<Uint8Array> {
  const arrays = arraysOf(table).map((array) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
  const header: Header = {
    columns: ROLLUP_COLUMNS,
    unitSeconds: table.unitSeconds,
    keys: table.keys.map((key) => ROLLUP_KEYS.map((name) => key[name] ?? null)),
    cells: table.units.length,
    bins: table.columns.map(({ bins }) => bins.length),
  };
  return await packRollup(VERSION, source, header, Buffer.concat(arrays));
}

function arraysOf({ units, keyOf, calls, columns }: CellTable): readonly ArrayBufferView[] {
  return [
    units,
    keyOf,
    calls,
    ...columns.flatMap(({ sumsHigh, sumsLow, starts, bins, counts }) => [sumsHigh, sumsLow, starts, bins, counts]),
  ];
}

/** The table of `encodeCells`; `undefined` when the bytes are damaged, of another version, or of another source. */
export async function decodeCells(bytes: Uint8Array, source: RollupSource): Promise<CellTable | undefined> {
  return await unpackRollup(bytes, VERSION, source, (front, payload) => {
    const header = front as Header;
    return header.columns.join() === ROLLUP_COLUMNS.join() ? tableOf(header, payload) : undefined;
  });
}

function tableOf({ unitSeconds, keys, cells, bins }: Header, payload: Uint8Array): CellTable {
  let at = payload.byteOffset;
  /** Copied, as arrays begin at multiples of their width only. */
  const next = (length: number, width: number): ArrayBuffer => {
    at += length * width;
    return payload.buffer.slice(at - length * width, at) as ArrayBuffer;
  };
  return {
    unitSeconds,
    keys: keys.map(keyOfValues),
    units: new Int32Array(next(cells, 4)),
    keyOf: new Uint16Array(next(cells, 2)),
    calls: new Uint32Array(next(cells, 4)),
    columns: bins.map((length) => ({
      sumsHigh: new Float64Array(next(cells, 8)),
      sumsLow: new Float64Array(next(cells, 8)),
      starts: new Uint32Array(next(cells + 1, 4)),
      bins: new Uint16Array(next(length, 2)),
      counts: new Uint16Array(next(length, 2)),
    })),
  };
}

function keyOfValues(values: readonly (string | null)[]): CellKey {
  const [provider, model, operation, outcome] = values.map((value) => value ?? undefined);
  return { provider, model, operation, outcome };
}

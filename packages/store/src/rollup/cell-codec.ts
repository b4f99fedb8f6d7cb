import { promisify } from "node:util";
import { crc32, deflateRaw, inflateRaw } from "node:zlib";
import type { CellKey, CellTable } from "./cell-table.ts";
import { ROLLUP_COLUMNS, ROLLUP_KEYS } from "./rollup-rules.ts";

/** Version of the bytes; other versions, and other columns, are made anew. */
const VERSION = 1;
const HEADER_LENGTH_BYTES = 4;

const [deflate, inflate] = [promisify(deflateRaw), promisify(inflateRaw)];

/** What a file of cells says of the rows that it was made from: other rows have other facts. */
export interface CellSource {
  readonly spans: number;
  /** Journal position. */
  readonly applied: string;
  readonly bytes: number;
}

/** What stands in front of the arrays. */
interface Header {
  readonly version: number;
  readonly columns: readonly string[];
  readonly source: CellSource;
  readonly crc32: number;
  readonly unitSeconds: number;
  readonly keys: readonly (readonly (string | null)[])[];
  readonly cells: number;
  /** Bins per column. */
  readonly bins: readonly number[];
}

/** A table as bytes; `FORMAT.md` says how. */
export async function encodeCells(source: CellSource, table: CellTable): Promise<Uint8Array> {
  const arrays = arraysOf(table).map((array) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
  const payload = Buffer.concat(arrays);
  const header: Header = {
    version: VERSION,
    columns: ROLLUP_COLUMNS,
    source,
    crc32: crc32(payload),
    unitSeconds: table.unitSeconds,
    keys: table.keys.map((key) => ROLLUP_KEYS.map((name) => key[name] ?? null)),
    cells: table.units.length,
    bins: table.columns.map(({ bins }) => bins.length),
  };
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(HEADER_LENGTH_BYTES);
  length.writeUInt32LE(text.length);
  return Buffer.concat([length, text, await deflate(payload)]);
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
export async function decodeCells(bytes: Uint8Array, source: CellSource): Promise<CellTable | undefined> {
  try {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const end = HEADER_LENGTH_BYTES + buffer.readUInt32LE();
    const header = JSON.parse(buffer.toString("utf8", HEADER_LENGTH_BYTES, end)) as Header;
    const isWanted = header.version === VERSION && header.columns.join() === ROLLUP_COLUMNS.join();
    if (!isWanted || JSON.stringify(header.source) !== JSON.stringify(source)) return undefined;
    const payload = await inflate(buffer.subarray(end));
    return crc32(payload) === header.crc32 ? tableOf(header, payload) : undefined;
  } catch {
    return undefined; // damaged: they are made again of what they were made of
  }
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

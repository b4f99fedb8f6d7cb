import { DuckDBBitValue, type DuckDBConnection } from "@duckdb/node-api";
import { fileAlias, isSealed, type IndexFile } from "./index-files.ts";
import type { StartRange } from "./start-ranges.ts";
import { bigintOf, bind, readRows } from "./statement.ts";

/** Rows that are judged together: those of one row group of a sealed file. */
const BLOCK_ROWS = 122_880;
/** Tables of a block; a trace is in a block only if its bit is set in all of them. */
const TABLES = 3;
/** Bits per row in each table: about 0.6 % of the blocks that lack a trace are read in vain. */
const BITS_PER_ROW = 5;
/** All filters together; a file beyond is always asked. */
const MAX_BYTES = 32 * 1024 * 1024;
/** A file with fewer rows is asked as fast as its filter. */
const MIN_ROWS = 4_096;

/** Of what a filter was made: as long as the object is the same, so is the file. */
type FileState = object;

/** What is known of some rows that lie together. */
interface Block extends StartRange {
  readonly tables: readonly Uint8Array[];
}

interface TraceFilter {
  readonly state: FileState;
  /** Of each table. */
  readonly bits: bigint;
  readonly blocks: readonly Block[];
}

/** A file that may hold a trace. */
export interface TracePlace {
  readonly file: IndexFile;
  /** Starts of the rows that may belong to it; absent = any. */
  readonly starts?: readonly StartRange[];
}

/** Where in sealed files a trace cannot be. Never wrong about that: what is not known is asked. */
export interface TraceFilters {
  /** Sealed files of which more could be known. */
  missing(files: readonly IndexFile[]): readonly IndexFile[];
  /** Reads a file to know more about it from then on. */
  make(connection: DuckDBConnection, file: IndexFile): Promise<void>;
  /** The places that may hold one of the traces. */
  select(
    connection: DuckDBConnection,
    files: readonly IndexFile[],
    traceIds: readonly string[],
  ): Promise<readonly TracePlace[]>;
}

/** @param stateOf another object whenever the file is another one, with its number of rows. */
export function createTraceFilters(stateOf: (file: IndexFile) => { readonly spans: number } | undefined): TraceFilters {
  const filters = new Map<IndexFile, TraceFilter>();

  function known(file: IndexFile): TraceFilter | undefined {
    const filter = filters.get(file);
    if (filter === undefined || filter.state === stateOf(file)) return filter;
    filters.delete(file);
    return undefined;
  }

  function usedBytes(): number {
    return [...filters.values()].reduce((sum, { bits, blocks }) => sum + bytesOf(Number(bits), blocks.length), 0);
  }

  function bitsOf(spans: number): number {
    return Math.ceil((Math.min(spans, BLOCK_ROWS) * BITS_PER_ROW) / 8) * 8;
  }

  function hasRoom(spans: number): boolean {
    return usedBytes() + bytesOf(bitsOf(spans), Math.ceil(spans / BLOCK_ROWS)) <= MAX_BYTES;
  }

  function placeIn(file: IndexFile, hashes: readonly bigint[]): TracePlace | undefined {
    const filter = isSealed(file) ? known(file) : undefined;
    if (filter === undefined) return { file };
    const starts = filter.blocks.filter((block) => hashes.some((hash) => mayHold(block, filter.bits, hash)));
    return starts.length === 0 ? undefined : { file, starts };
  }

  return {
    missing(files) {
      for (const file of filters.keys()) known(file);
      return files.filter((file) => {
        const spans = isSealed(file) && known(file) === undefined ? (stateOf(file)?.spans ?? 0) : 0;
        return spans >= MIN_ROWS && hasRoom(spans);
      });
    },
    async make(connection, file) {
      const state = stateOf(file);
      if (state === undefined || state.spans === 0 || !hasRoom(state.spans)) return;
      const bits = bitsOf(state.spans);
      const blocks = await readBlocks(connection, file, bits);
      if (blocks !== undefined) filters.set(file, { state, bits: BigInt(bits), blocks });
    },
    async select(connection, files, traceIds) {
      if (traceIds.length === 0) return [];
      for (const file of filters.keys()) known(file);
      const hashes = filters.size === 0 ? [] : await readHashes(connection, traceIds);
      return files.map((file) => placeIn(file, hashes)).filter((place) => place !== undefined);
    },
  };
}

function bytesOf(bits: number, blocks: number): number {
  return (bits / 8) * TABLES * blocks;
}

/** The engine hashes: the same function for the rows of a file and for what is asked. */
async function readBlocks(
  connection: DuckDBConnection,
  file: IndexFile,
  bits: number,
): Promise<readonly Block[] | undefined> {
  const tables = Array.from({ length: TABLES }, (_, table) => {
    const bit = "((h & 4294967295) + " + String(table) + " * (h >> 32)) % " + String(bits);
    return "bitstring_agg((" + bit + ")::INTEGER, 0, " + String(bits - 1) + ")";
  });
  const sql =
    "SELECT min(start_ns), max(start_ns), " +
    tables.join(", ") +
    " FROM (SELECT start_ns, rowid // " +
    String(BLOCK_ROWS) +
    " AS block, hash(trace_id) AS h FROM " +
    fileAlias(file) +
    ".main.spans) GROUP BY block";
  const rows = await readRows(connection, sql);
  const blocks = rows.map(([first, last, ...values]) => ({
    first: bigintOf(first),
    last: bigintOf(last),
    tables: values.flatMap((value) => (value instanceof DuckDBBitValue ? [value.data] : [])),
  }));
  return blocks.every(({ tables: own }) => own.length === TABLES) ? blocks : undefined;
}

async function readHashes(connection: DuckDBConnection, traceIds: readonly string[]): Promise<readonly bigint[]> {
  const sql = "SELECT hash(trace_id) FROM (SELECT unnest($traces) AS trace_id)";
  const rows = await readRows(connection, sql, { traces: bind.traceIds(traceIds) });
  return rows.map(([hash]) => bigintOf(hash));
}

function mayHold({ tables }: Block, bits: bigint, hash: bigint): boolean {
  const [low, high] = [hash & 0xffff_ffffn, hash >> 32n];
  return tables.every((table, at) => isSet(table, Number((low + BigInt(at) * high) % bits)));
}

/** The first byte tells how many bits of the next one are unused: none, as the number of bits is a multiple of 8. */
function isSet(table: Uint8Array, bit: number): boolean {
  return ((table[1 + (bit >> 3)] ?? 0) & (0x80 >> (bit & 7))) !== 0;
}

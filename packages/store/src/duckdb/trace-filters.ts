import { DuckDBBitValue, type DuckDBConnection } from "@duckdb/node-api";
import { fileAlias, isSealed, type IndexFile } from "./index-files.ts";
import { bigintOf, bind, readRows } from "./statement.ts";

/** Bits per row in each of the two tables of a filter: about 1.4 % of the files that lack a trace are asked in vain. */
const BITS_PER_ROW = 8;
/** All filters together; a file beyond is always asked. */
const MAX_BYTES = 32 * 1024 * 1024;
/** Made per question, so that the first ones after a start do not wait for every file. */
const MADE_PER_QUESTION = 2;

/** Of what a filter was made: as long as the object is the same, so is the file. */
type FileState = object;

interface TraceFilter {
  readonly state: FileState;
  readonly bits: bigint;
  readonly low: Uint8Array;
  readonly high: Uint8Array;
}

/** Which sealed files cannot hold a trace. Never wrong about that: what is not known is asked. */
export interface TraceFilters {
  /** The files that may hold one of the traces. May read some files to know more about them next time. */
  select(
    connection: DuckDBConnection,
    files: readonly IndexFile[],
    traceIds: readonly string[],
  ): Promise<readonly IndexFile[]>;
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
    return [...filters.values()].reduce((sum, { low, high }) => sum + low.length + high.length, 0);
  }

  async function makeMissing(connection: DuckDBConnection, files: readonly IndexFile[]): Promise<void> {
    for (const file of files.filter((one) => known(one) === undefined).slice(0, MADE_PER_QUESTION)) {
      const state = stateOf(file);
      if (state === undefined || state.spans === 0) continue;
      const bits = Math.ceil((state.spans * BITS_PER_ROW) / 8) * 8;
      if (usedBytes() + bits / 4 > MAX_BYTES) return;
      const filter = await readFilter(connection, file, bits);
      if (filter !== undefined) filters.set(file, { ...filter, state });
    }
  }

  return {
    async select(connection, files, traceIds) {
      const sealed = files.filter(isSealed);
      if (sealed.length < 2 || traceIds.length === 0) return files;
      for (const file of filters.keys()) known(file);
      await makeMissing(connection, sealed);
      const hashes = await readHashes(connection, traceIds);
      return files.filter((file) => {
        const filter = isSealed(file) ? known(file) : undefined;
        return filter === undefined || hashes.some((hash) => mayHold(filter, hash));
      });
    },
  };
}

/** The engine hashes: the same function for the rows of a file and for what is asked. */
async function readFilter(
  connection: DuckDBConnection,
  file: IndexFile,
  bits: number,
): Promise<Pick<TraceFilter, "bits" | "low" | "high"> | undefined> {
  const table = (half: string): string =>
    "bitstring_agg(((" + half + ") % " + String(bits) + ")::INTEGER, 0, " + String(bits - 1) + ")";
  const sql =
    "SELECT " +
    table("h & 4294967295") +
    ", " +
    table("h >> 32") +
    " FROM (SELECT hash(trace_id) AS h FROM " +
    fileAlias(file) +
    ".main.spans)";
  const [row] = await readRows(connection, sql);
  const [low, high] = (row ?? []).map((value) => (value instanceof DuckDBBitValue ? value.data : undefined));
  return low === undefined || high === undefined ? undefined : { bits: BigInt(bits), low, high };
}

async function readHashes(connection: DuckDBConnection, traceIds: readonly string[]): Promise<readonly bigint[]> {
  const sql = "SELECT hash(trace_id) FROM (SELECT unnest($traces) AS trace_id)";
  const rows = await readRows(connection, sql, { traces: bind.traceIds(traceIds) });
  return rows.map(([hash]) => bigintOf(hash));
}

function mayHold({ bits, low, high }: TraceFilter, hash: bigint): boolean {
  return isSet(low, Number((hash & 0xffff_ffffn) % bits)) && isSet(high, Number((hash >> 32n) % bits));
}

/** The first byte tells how many bits of the next one are unused: none, as the number of bits is a multiple of 8. */
function isSet(table: Uint8Array, bit: number): boolean {
  return ((table[1 + (bit >> 3)] ?? 0) & (0x80 >> (bit & 7))) !== 0;
}

import type { DuckDBConnection } from "@duckdb/node-api";
import { areFew, type NameCounts } from "../rollup/day-names.ts";
import type { FileSummary } from "./span-files.ts";
import { isSealed, type IndexFile } from "./index-files.ts";
import type { RollupFiles } from "./rollup-files.ts";
import { scanFacets, scanSpanNames } from "./scan-names.ts";
import { createTurns } from "./turns.ts";

/** Days whose names stay in memory. */
const KEPT_DAYS = 40;

/** Names of sealed files: counted once, when they are first asked for. */
export interface NameRollups {
  /** `undefined` for a file that is written to, and for one with too many names. May read and write a file. */
  of(connection: DuckDBConnection, file: IndexFile): Promise<NameCounts | undefined>;
}

/** Options of the names. */
export interface NameRollupsOptions {
  readonly stored: RollupFiles;
  /** Another object whenever the file is another one. */
  readonly stateOf: (file: IndexFile) => FileSummary | undefined;
}

/** Without any names in memory. */
export function createNameRollups({ stored, stateOf }: NameRollupsOptions): NameRollups {
  const known = new Map<IndexFile, { readonly state: FileSummary; readonly names: NameCounts }>();
  const tooMany = new WeakSet<FileSummary>();
  const inTurn = createTurns();

  async function readOrCount(
    connection: DuckDBConnection,
    file: IndexFile,
    state: FileSummary,
  ): Promise<NameCounts | undefined> {
    const facts = { spans: state.spans, applied: String(state.applied) };
    const read = await stored.readNames(file, facts);
    if (read !== undefined) return read;
    const facets = await scanFacets(connection, [file]);
    const names = { facets, spanNames: await scanSpanNames(connection, [file]) };
    if (!areFew(names)) return undefined;
    // It answers from memory as well; after the next start it is made again.
    await stored.writeNames(file, facts, names).catch(() => undefined);
    return names;
  }

  function keep(file: IndexFile, state: FileSummary, names: NameCounts): void {
    known.delete(file);
    known.set(file, { state, names });
    for (const oldest of known.keys()) {
      if (known.size <= KEPT_DAYS) return;
      known.delete(oldest);
    }
  }

  return {
    of: (connection, file) =>
      inTurn(file, async () => {
        const state = isSealed(file) ? stateOf(file) : undefined;
        if (state === undefined || tooMany.has(state)) return undefined;
        const found = known.get(file);
        const names = found?.state === state ? found.names : await readOrCount(connection, file, state);
        if (names === undefined) tooMany.add(state);
        else keep(file, state, names);
        return names;
      }),
  };
}

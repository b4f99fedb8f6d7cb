import type { AskFile } from "./ask-file.ts";
import type { IndexFile } from "./index-files.ts";
import type { NameRollups } from "./name-rollups.ts";
import type { Rollups } from "./rollups.ts";

/** To make the rollup of a day takes about three times as long as to read the day for one question. */
const MAKING_PER_READING = 3;
/** Exact quantiles hold every value at once: 512 MiB were enough for ten million calls, 256 were not. */
const ENGINE_BYTES_PER_CALL = 64;

/** Options of the passes. */
export interface RollupPassOptions {
  readonly rollups: Pick<Rollups, "missing" | "make">;
  readonly names: Pick<NameRollups, "of">;
  /** Every file there is now. */
  readonly files: () => readonly IndexFile[];
  readonly callsOf: (file: IndexFile) => number;
  readonly exactQuantileLimit: number;
  /** Memory of the engine. */
  readonly engineBytes: number;
  readonly query: AskFile;
  /** The first pass comes soon by itself: questions need not wait for what it will make. */
  readonly isFirstPassNear: boolean;
}

/** Makes rollups that are missing while nobody waits for them. */
export interface RollupPass {
  /** Makes them day by day, the newest first, where there are enough calls for anybody to need them. */
  run(signal?: AbortSignal): Promise<void>;
  /**
   * Whether a question over these files is answered sooner from their rows than from rollups that it had to make first.
   * Only until the first pass is through; later ones find little.
   */
  readonly prefersRows: (files: readonly IndexFile[]) => boolean;
}

/** No pass was made yet. */
export function createRollupPass(options: RollupPassOptions): RollupPass {
  const { rollups, names, files, callsOf, exactQuantileLimit, query } = options;
  let isAwaited = options.isFirstPassNear;

  function callsIn(some: readonly IndexFile[]): number {
    return some.reduce((sum, file) => sum + callsOf(file), 0);
  }

  async function makeMissing(signal: AbortSignal | undefined): Promise<void> {
    const all = files();
    if (callsIn(all) <= exactQuantileLimit) return;
    for (const file of rollups.missing(all).toSorted((a, b) => b - a)) {
      await query(file, signal, async (connection) => {
        await rollups.make(connection, file);
        await names.of(connection, file);
      });
    }
  }

  return {
    async run(signal) {
      try {
        await makeMissing(signal);
      } finally {
        isAwaited = false;
      }
    },
    prefersRows(asked) {
      if (!isAwaited) return false;
      const calls = callsIn(asked);
      if (calls * ENGINE_BYTES_PER_CALL > options.engineBytes) return false;
      return callsIn(rollups.missing(asked)) * MAKING_PER_READING > calls;
    },
  };
}

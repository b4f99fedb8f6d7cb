import type { IndexFile } from "./index-files.ts";
import type { NameRollups } from "./name-rollups.ts";
import type { Rollups } from "./rollups.ts";

/** What questions about many calls are answered with. */
export interface ManyCalls {
  readonly rollups: Rollups;
  readonly names: NameRollups;
  /** Rows of a file. */
  readonly spansOf: (file: IndexFile) => number;
  /** Calls among them. */
  readonly callsOf: (file: IndexFile) => number;
  /** More than so many calls, or rows, are many: up to it quantiles are exact. */
  readonly limit: number;
  /** Whether rows answer sooner than rollups that are not made yet. */
  readonly prefersRows: (files: readonly IndexFile[]) => boolean;
}

/** Rows or calls of some files. */
export function countIn(files: readonly IndexFile[], countOf: (file: IndexFile) => number): number {
  return files.reduce((sum, file) => sum + countOf(file), 0);
}

import type { IndexFile } from "./index-files.ts";

/** Runs work about one file at a time. */
export type InTurn = <T>(file: IndexFile, work: () => Promise<T>) => Promise<T>;

/** So that two questions do not make the same rollup: who comes later finds it made, or makes it when the first failed. */
export function createTurns(): InTurn {
  const turns = new Map<IndexFile, Promise<unknown>>();
  return async (file, work) => {
    const result = (turns.get(file) ?? Promise.resolve()).then(work);
    turns.set(
      file,
      result.then(
        () => undefined,
        () => undefined,
      ),
    );
    return await result;
  };
}

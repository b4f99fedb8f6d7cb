import type { AskFile } from "./ask-file.ts";
import type { IndexFile } from "./index-files.ts";
import type { TraceFilters } from "./trace-filters.ts";

/** Options of the passes. */
export interface TraceFilterPassOptions {
  readonly filters: Pick<TraceFilters, "missing" | "make">;
  /** Every file there is now. */
  readonly files: () => readonly IndexFile[];
  readonly query: AskFile;
}

/**
 * What makes the filters that are missing while nobody waits for it; one pass at a time. Who asks for a list will open a
 * trace: until then more may be known of where it lies.
 */
export function createTraceFilterPass({ filters, files, query }: TraceFilterPassOptions): () => void {
  let running: Promise<void> | undefined;

  async function makeMissing(): Promise<void> {
    for (const file of filters.missing(files())) {
      await query(file, undefined, (connection) => filters.make(connection, file));
    }
  }

  return () => {
    running ??= makeMissing()
      // Closed, or too little memory: they are made by a later question.
      .catch(() => undefined)
      .finally(() => (running = undefined));
  };
}

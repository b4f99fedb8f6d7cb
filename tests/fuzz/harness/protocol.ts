/** What the process that watches and the worker that runs say to each other. */

/** Kind of a find. `gone`: the worker ended in a way that it could not tell. */
export type FindKind = "throw" | "hang" | "memory" | "gone";

/** An input that must not be, and why. */
export interface Find {
  readonly kind: FindKind;
  /** What tells it from other finds: class and message of what was thrown. */
  readonly signature: string;
  readonly detail: string;
  readonly input: Uint8Array;
}

/** What a worker is to do. */
export interface WorkerOrder {
  readonly target: string;
  readonly seed: number;
  /** Run first, one by one. */
  readonly replay: readonly Uint8Array[];
  /** Joins the seeds: what an earlier worker found to reach something new. */
  readonly pool: readonly Uint8Array[];
  /** How long to mutate; 0 = replay only. */
  readonly mutateMs: number;
  /** Inputs between two looks at the coverage. */
  readonly batchSize: number;
  /** Slots of {@link SLOT}, then the input that runs. */
  readonly shared: SharedArrayBuffer;
}

/** Positions in the shared memory, as 32-bit integers. */
export const SLOT = { runs: 0, isRunning: 1, inputBytes: 2 } as const;
/** Bytes in front of the input. */
export const SHARED_HEADER_BYTES = 64;

/** Most bytes that one input may add to the memory of the process. */
export const MAX_GROWTH_BYTES = 64 * 1024 * 1024;

/** What a worker says. */
export type WorkerMessage =
  | { readonly kind: "find"; readonly find: Find }
  | { readonly kind: "novel"; readonly input: Uint8Array }
  | { readonly kind: "done"; readonly coveredBytes: number };

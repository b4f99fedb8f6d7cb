import type { WriteOutcome } from "@nexent/monitor-store";

/** The writing side of a store that answers as told; for the few outcomes a healthy store never gives. */
export function answeringStore(outcome: WriteOutcome): { write: () => Promise<WriteOutcome> } {
  return { write: () => Promise.resolve(outcome) };
}

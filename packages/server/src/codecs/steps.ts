import { setImmediate } from "node:timers/promises";

/** Work that can rest between two steps, so that a large body does not keep everybody else waiting. */
export type Steps<T> = Generator<undefined, T, undefined>;

/** Spans that are decoded, or handed to the store, in one turn of the event loop. */
export const SPANS_PER_STEP = 512;

/** Does everything in one turn. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

/** Lets the event loop turn between the steps. */
export async function stepByStep<T>(steps: Steps<T>): Promise<T> {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
    await setImmediate();
  }
}

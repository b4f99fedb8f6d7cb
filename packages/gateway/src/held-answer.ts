/** A rejection that may be of our own making, held back until its body has been looked at (gateway contract 7). */

/** Bytes of a rejected answer that are held at most. */
const HELD_BYTES = 64 * 1024;

/** Head of an answer, with the time it came. */
export interface AnswerHead {
  readonly status: number;
  readonly statusMessage: string;
  readonly rawHeaders: readonly Buffer[];
  /** Monotonic milliseconds. */
  readonly atMs: number;
}

/** A held answer. */
export interface HeldAnswer extends AnswerHead {
  /** Keeps `chunk`; false when the bound is passed and the answer should go on as it is. */
  add(chunk: Buffer): boolean;
  body(): Buffer;
}

/** Holds the answer that begins with `head`. */
export function createHeldAnswer(head: AnswerHead): HeldAnswer {
  const chunks: Buffer[] = [];
  let size = 0;
  return {
    ...head,
    add(chunk) {
      chunks.push(chunk);
      size += chunk.length;
      return size <= HELD_BYTES;
    },
    body: () => Buffer.concat(chunks),
  };
}

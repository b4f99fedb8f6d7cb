import type { MonitorError } from "@nexent/monitor-core";
import type { BatchFacts } from "./segment-trailer.ts";

/** Keeps encoded batches in the order they were appended. */
export interface Journal {
  /** Bytes appended but not yet durable. */
  readonly pendingBytes: number;
  /** Set once the journal stopped for good: nothing is acknowledged any more. */
  readonly failure: MonitorError | undefined;
  /**
   * Resolves once the batch is durable; `onDurable` runs first, in the order of the positions.
   * @throws {JOURNAL_SYNC_FAILED} {STORE_FULL} {STORE_UNAVAILABLE} when nothing of the batch was kept.
   */
  append(payload: Uint8Array, facts: BatchFacts, onDurable: (position: bigint) => void): Promise<void>;
  /** Every segment up to this number is closed: nothing is written to it any more. */
  readonly closedThrough: number;
  /** Ends the current segment, so that everything durable lies in closed ones. @throws like `append`. */
  rotate(): Promise<void>;
  /** Writes what is pending and closes the file. */
  close(): Promise<void>;
}

/** A journal that keeps nothing, for durability `memory`; positions go on from `firstFrame`. */
export function createVolatileJournal(firstFrame: bigint, lastSegment: number): Journal {
  let next = firstFrame;
  return {
    closedThrough: lastSegment,
    async rotate() {
      // What older runs left is closed.
    },
    pendingBytes: 0,
    failure: undefined,
    async append(_payload, _facts, onDurable) {
      onDurable(next++);
    },
    async close() {
      // Nothing is open.
    },
  };
}

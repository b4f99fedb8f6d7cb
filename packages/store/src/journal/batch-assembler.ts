import { FIRST_FRAGMENT, FRAME_TYPE, LAST_FRAGMENT } from "./frame-format.ts";
import type { Frame } from "./scan-segment.ts";

/** One batch of the journal; its position is the number of its last frame. */
export interface JournalBatch {
  readonly position: bigint;
  readonly payload: Uint8Array;
  readonly segment: number;
  /** Where its last frame begins. */
  readonly lastOffset: number;
}

interface Fragment {
  readonly segment: number;
  readonly frame: Frame;
}

/** Puts fragments together. A batch exists only if all its fragments do, in order. */
export interface BatchAssembler {
  /** The batch that this frame completes, `undefined` if there is none, or that the frame does not belong here. */
  add(segment: number, frame: Frame): JournalBatch | "out-of-order" | undefined;
  /** A segment was not read; fragments of a batch that began in it may follow. */
  skipSegment(): void;
  /** Where a batch begins whose end was never written, in each segment it touches: a torn tail. */
  unfinished(): readonly { readonly segment: number; readonly offset: number; readonly reason: string }[];
}

/** An assembler at the beginning of a journal, of which older segments may be gone. */
export function createBatchAssembler(): BatchAssembler {
  let open: Fragment[] = [];
  let lastNumber: bigint | undefined;
  /** After a gap the rest of a batch may come whose beginning is lost; it is passed over. */
  let passOver = true;

  function forget(): void {
    open = [];
    passOver = true;
  }

  function complete(last: Fragment): JournalBatch {
    const payload = open.length === 1 ? last.frame.payload : Buffer.concat(open.map(({ frame }) => frame.payload));
    open = [];
    return { position: last.frame.number, payload, segment: last.segment, lastOffset: last.frame.offset };
  }

  return {
    add(segment, frame) {
      if (lastNumber !== undefined && frame.number !== lastNumber + 1n) forget();
      lastNumber = frame.number;
      if (frame.type === FRAME_TYPE.endOfSegment) return undefined;
      const isFirst = (frame.flags & FIRST_FRAGMENT) !== 0;
      if (!isFirst && open.length === 0 && passOver) return undefined;
      if (isFirst === open.length > 0) {
        forget();
        return "out-of-order";
      }
      passOver = false;
      open.push({ segment, frame });
      return (frame.flags & LAST_FRAGMENT) === 0 ? undefined : complete({ segment, frame });
    },
    skipSegment() {
      forget();
      lastNumber = undefined;
    },
    unfinished() {
      const firstOf = new Map<number, number>();
      for (const { segment, frame } of open) if (!firstOf.has(segment)) firstOf.set(segment, frame.offset);
      return [...firstOf].map(([segment, offset]) => ({ segment, offset, reason: "torn batch" }));
    },
  };
}

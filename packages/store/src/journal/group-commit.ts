import { LIMITS, MonitorError } from "@nexent/monitor-core";
import { errnoOf } from "../io-port.ts";
import { FRAME_HEADER_BYTES, LAST_FRAGMENT } from "./frame-format.ts";
import { planFrames } from "./frame-plan.ts";
import type { Journal } from "./journal.ts";
import type { BatchFacts } from "./segment-trailer.ts";
import { createSegmentWriter, type OutgoingFrame, type SegmentWriterOptions } from "./segment-writer.ts";

/** Options of the journal. */
export interface GroupCommitOptions extends SegmentWriterOptions {
  /** Number of the first frame to write. */
  readonly firstFrame: bigint;
  /** Longest wait for more batches; default 10 ms. */
  readonly groupMs?: number;
  /** Called once when the journal stops for good. */
  readonly onFailure?: ((error: MonitorError) => void) | undefined;
}

/** Failed syncs in a row after which the journal stops. */
const MAX_FAILURES = 3;
/** Errors that say there is no room or no permission; trying again at once cannot help. */
const REFUSED = new Set(["ENOSPC", "EDQUOT", "EROFS", "EACCES", "EPERM", "ENOENT", "EMFILE", "ENFILE"]);

interface Waiting {
  readonly payload: Uint8Array;
  readonly facts: BatchFacts;
  readonly onDurable: (position: bigint) => void;
  readonly resolve: () => void;
  readonly reject: (error: MonitorError) => void;
}

interface WrittenGroup {
  /** Of each batch, in order. */
  readonly positions: readonly bigint[];
  readonly nextFrame: bigint;
}

/**
 * The journal: batches that arrive within 10 ms or until 1 MiB are written together and synced once; one sync is in
 * flight at a time, while the next group fills.
 */
export function openGroupCommit(options: GroupCommitOptions): Journal {
  const writer = createSegmentWriter(options);
  const groupMs = options.groupMs ?? LIMITS.journalGroupMs;
  let waiting: Waiting[] = [];
  let waitingBytes = 0;
  let pendingBytes = 0;
  let nextFrame = options.firstFrame;
  let timer: NodeJS.Timeout | undefined;
  let due = false;
  let committing: Promise<unknown> | undefined;
  let failure: MonitorError | undefined;
  let closedThrough = options.firstSegment - 1;

  function schedule(): void {
    if (waiting.length === 0 || committing !== undefined) return;
    if (due || waitingBytes >= LIMITS.journalGroupBytes) startCommit();
    else timer ??= setTimeout(becomeDue, groupMs);
  }

  function becomeDue(): void {
    timer = undefined;
    due = true;
    schedule();
  }

  function startCommit(): void {
    clearTimeout(timer);
    timer = undefined;
    due = false;
    const group = waiting;
    waiting = [];
    waitingBytes = 0;
    void occupy(() => commit(group));
  }

  /** Keeps groups from being written while `work` has the file. */
  function occupy(work: () => Promise<void>): Promise<void> {
    const working = work().finally(() => {
      committing = undefined;
      // Whoever waited for the sync to end has waited long enough.
      due = waiting.length > 0;
      schedule();
    });
    committing = working.catch(() => undefined);
    return working;
  }

  async function commit(group: readonly Waiting[]): Promise<void> {
    for (let failures = 1; ; failures++) {
      try {
        settle(group, await writeGroup(group));
        return;
      } catch (cause) {
        const error = faultOf(cause, failures, options.directory);
        if (error === undefined) continue;
        if (error.code === "JOURNAL_SYNC_FAILED") stop(error);
        refuse(group, error);
        return;
      }
    }
  }

  /**
   * Writes a group, into new segments where it does not fit. Numbers start again where the last group ended, so a group
   * that is written again replaces what its failed attempt left in an older segment.
   */
  async function writeGroup(group: readonly Waiting[]): Promise<WrittenGroup> {
    const positions: bigint[] = [];
    let number = nextFrame;
    let run: OutgoingFrame[] = [];
    let runBytes = 0;
    for (const planned of group.flatMap(({ payload, facts }) => planFrames(payload, facts))) {
      const bytes = FRAME_HEADER_BYTES + planned.payload.length;
      if (run.length > 0 && !writer.fits(runBytes + bytes)) {
        await writer.write(run);
        [run, runBytes] = [[], 0];
      }
      if (run.length === 0 && !writer.isEmpty && !writer.fits(bytes)) await writer.rotate(number++);
      if ((planned.flags & LAST_FRAGMENT) !== 0) positions.push(number);
      run.push({ ...planned, number: number++ });
      runBytes += bytes;
    }
    await writer.write(run);
    return { positions, nextFrame: number };
  }

  function settle(group: readonly Waiting[], written: WrittenGroup): void {
    nextFrame = written.nextFrame;
    closedThrough = writer.closedThrough;
    for (const [at, batch] of group.entries()) {
      pendingBytes -= batch.payload.length;
      batch.onDurable(written.positions[at] ?? 0n);
      batch.resolve();
    }
  }

  function refuse(group: readonly Waiting[], error: MonitorError): void {
    for (const batch of group) {
      pendingBytes -= batch.payload.length;
      batch.reject(error);
    }
  }

  function stop(error: MonitorError): void {
    failure = error;
    refuse(waiting, error);
    waiting = [];
    options.onFailure?.(error);
  }

  return {
    get pendingBytes() {
      return pendingBytes;
    },
    get failure() {
      return failure;
    },
    get closedThrough() {
      return closedThrough;
    },
    async rotate() {
      while (committing !== undefined) await committing;
      if (failure !== undefined) throw failure;
      if (writer.isEmpty) return void (closedThrough = writer.closedThrough);
      await occupy(async () => {
        await writer.rotate(nextFrame);
        nextFrame++;
        closedThrough = writer.closedThrough;
      });
    },
    append(payload, facts, onDurable) {
      if (failure !== undefined) return Promise.reject(failure);
      return new Promise((resolve, reject) => {
        waiting.push({ payload, facts, onDurable, resolve, reject });
        waitingBytes += payload.length;
        pendingBytes += payload.length;
        schedule();
      });
    },
    async close() {
      while (committing !== undefined || waiting.length > 0) {
        due = true;
        schedule();
        await committing;
      }
      clearTimeout(timer);
      if (failure === undefined) await writer.close(nextFrame);
    },
  };
}

/** What to tell the writers of a group that failed; `undefined` means: try it again in a new segment. */
function faultOf(cause: unknown, failures: number, directory: string): MonitorError | undefined {
  const errno = errnoOf(cause);
  if (errno === "ENOSPC" || errno === "EDQUOT") {
    return new MonitorError("STORE_FULL", `the disk under ${directory} is full`, {
      cause,
      hint: "Free some space; ingest resumes by itself.",
    });
  }
  if (errno !== undefined && REFUSED.has(errno)) {
    const why = errno === "EROFS" ? "its file system is read-only" : errno;
    return new MonitorError("STORE_UNAVAILABLE", `the journal in ${directory} cannot be written: ${why}`, {
      cause,
      hint: "Check that the data folder exists and may be written; ingest resumes by itself.",
    });
  }
  if (failures < MAX_FAILURES) return undefined;
  return new MonitorError("JOURNAL_SYNC_FAILED", `writing the journal failed ${failures} times in a row`, {
    cause,
    hint: "The disk does not keep what it is given. Check it, then start again; everything acknowledged is safe.",
  });
}

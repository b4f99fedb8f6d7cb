import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import { startPrepareThread, type PrepareThread, type ThreadProgram } from "./prepare-thread.ts";
import { createInlinePreparer, type TracePreparer } from "./prepare-traces.ts";

/** Bodies below are prepared where they are: the way to the thread and back would be most of their time. */
const INLINE_BYTES = 8 * 1024;
/** Shortest time between two starts of a thread. */
const RESTART_MS = 1_000;

/** Prepares small requests here and large ones in a thread of its own. */
export interface ThreadedPreparer extends TracePreparer {
  /** Ends the thread; requests that are in it are not answered by it any more. */
  stop(): Promise<void>;
}

export interface ThreadedPreparerOptions {
  readonly program: ThreadProgram;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * A preparer whose thread starts with the first large request; until it is ready they are prepared here, and always if it
 * cannot start. One that dies at work is replaced: requests wait for the next one, since one of them may be what it died of.
 */
export function createThreadedPreparer({ program, clock, log }: ThreadedPreparerOptions): ThreadedPreparer {
  const inline = createInlinePreparer();
  let thread: PrepareThread | undefined;
  let startedMs = Number.NEGATIVE_INFINITY;
  let diedAtWork = false;
  let isStopped = false;

  function start(): PrepareThread | undefined {
    if (isStopped || clock.monotonicMs() - startedMs < RESTART_MS) return undefined;
    startedMs = clock.monotonicMs();
    return startPrepareThread(program, ({ cause, wasReady }) => {
      if (!isStopped) log.error("prepare_thread_ended", { cause });
      diedAtWork ||= wasReady;
      thread = undefined;
    });
  }

  return {
    async prepare(request, nowMs, take) {
      if (request.bytes.byteLength < INLINE_BYTES) return await inline.prepare(request, nowMs, take);
      thread ??= start();
      if (thread?.isReady !== true && !diedAtWork) return await inline.prepare(request, nowMs, take);
      if (thread === undefined) throw new Error("the thread that prepares requests is being replaced");
      return await thread.prepare(request, nowMs, take);
    },
    async stop() {
      isStopped = true;
      await thread?.stop();
    },
  };
}

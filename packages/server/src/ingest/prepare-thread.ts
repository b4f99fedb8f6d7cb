import { Worker } from "node:worker_threads";
import { MonitorError } from "@nexent/monitor-core";
import type { TakePrepared, TracePreparer } from "./prepare-traces.ts";
import type { ThreadAnswer, ThreadRequest } from "./thread-messages.ts";
import type { TraceRequest } from "./trace-request.ts";

/** How the program of the thread is started. */
export interface ThreadProgram {
  readonly entry: URL;
  /** Options of Node for the thread; default those of the process. */
  readonly execArgv?: string[];
}

/** How a thread ended. */
interface ThreadEnd {
  readonly cause: string;
  /** It could be asked before. */
  readonly wasReady: boolean;
}

/** A thread that prepares requests, and may die. */
export interface PrepareThread extends TracePreparer {
  /** It was loaded and takes requests at once; before, they wait in it. */
  readonly isReady: boolean;
  /** Ends it; whoever still waits for an answer is told that there is none. */
  stop(): Promise<void>;
}

/**
 * Most memory of the thread's old objects, MiB. A body at every limit takes less; if one does not, the thread dies of it
 * and not the server.
 */
const MAX_OLD_SPACE_MIB = 1_024;

interface Waiting {
  readonly take: TakePrepared;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * Starts a thread. `prepare` takes over the memory of the bytes; it also throws a plain error, for which the sender may
 * come back, when the thread ends meanwhile.
 * @param onEnd called once, however it ended.
 */
export function startPrepareThread(program: ThreadProgram, onEnd: (end: ThreadEnd) => void): PrepareThread {
  const worker = new Worker(program.entry, {
    name: "prepare",
    resourceLimits: { maxOldGenerationSizeMb: MAX_OLD_SPACE_MIB },
    ...(program.execArgv === undefined ? {} : { execArgv: program.execArgv }),
  });
  const waiting = new Map<number, Waiting>();
  let lastId = 0;
  let isReady = false;
  let cause = "it was stopped";

  worker.on("message", (answer: ThreadAnswer) => {
    if (answer.kind === "ready") isReady = true;
    else settle(answer);
  });
  worker.on("error", (error) => (cause = error instanceof Error ? error.message : String(error)));
  worker.on("exit", () => {
    const left = [...waiting.values()];
    waiting.clear();
    onEnd({ cause, wasReady: isReady });
    isReady = false;
    for (const { reject } of left) reject(new Error(`the thread that prepared the request ended: ${cause}`));
  });
  // It has nothing to do that would be worth staying for.
  worker.unref();

  function settle(answer: Exclude<ThreadAnswer, { kind: "ready" }>): void {
    const asker = waiting.get(answer.id);
    if (asker === undefined) return;
    if (answer.kind === "prepared") asker.take(answer.prepared);
    if (answer.kind === "prepared" && !answer.isLast) return;
    waiting.delete(answer.id);
    if (answer.kind === "refused") asker.reject(new MonitorError(answer.code, answer.message));
    else if (answer.kind === "failed") asker.reject(new Error(answer.message));
    else asker.resolve();
  }

  return {
    get isReady() {
      return isReady;
    },
    prepare(request: TraceRequest, nowMs: number, take: TakePrepared) {
      const id = ++lastId;
      return new Promise((resolve, reject) => {
        waiting.set(id, { take, resolve, reject });
        const message: ThreadRequest = { id, request, nowMs };
        worker.postMessage(message, [request.bytes.buffer as ArrayBuffer]);
      });
    },
    async stop() {
      await worker.terminate();
    },
  };
}

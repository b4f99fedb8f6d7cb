import { build } from "esbuild";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { minimise } from "./minimise.ts";
import { MAX_INPUT_BYTES } from "./mutate.ts";
import {
  SHARED_HEADER_BYTES,
  SLOT,
  type Find,
  type FindKind,
  type WorkerMessage,
  type WorkerOrder,
} from "./protocol.ts";

/** Longest that one input may take, ms. */
const HANG_MS = 250;
/** The first input of a thread also pays for loading and compiling. */
const FIRST_HANG_MS = 2_000;
const LOOK_EVERY_MS = 25;
const MAX_HEAP_MEBIBYTES = 384;
const BATCH_SIZE = 400;
/** Tries with a thread each, which cost up to a second. */
const MAX_THREAD_TRIES = 8;
/** From here on more finds say nothing new. */
const MAX_FINDS = 5;

/** One run over a target. */
export interface CampaignOptions {
  readonly target: string;
  readonly seed: number;
  readonly seconds: number;
  /** Inputs of earlier finds, run first. */
  readonly corpus: readonly Uint8Array[];
}

/** What came of it. */
export interface CampaignResult {
  readonly finds: readonly Find[];
  readonly executed: number;
  /** Inputs that reached something new and joined the seeds. */
  readonly novel: number;
  /** Threads that had to be replaced. */
  readonly replaced: number;
  /** Characters of the bundle that ran, as the last thread saw it. */
  readonly coveredBytes: number;
}

interface ThreadResult {
  readonly finds: readonly Find[];
  readonly novel: readonly Uint8Array[];
  readonly executed: number;
  readonly coveredBytes: number;
  /** The thread had to be ended, or ended itself, in the middle of this input. */
  readonly broken?: Find;
}

let bundle: Promise<string> | undefined;

/** The worker in one script, from the sources. */
function workerCode(): Promise<string> {
  bundle ??= build({
    entryPoints: [fileURLToPath(new URL("worker.ts", import.meta.url))],
    bundle: true,
    write: false,
    platform: "node",
    format: "cjs",
    target: "node20",
    conditions: ["@nexent/source"],
    logLevel: "error",
  }).then(({ outputFiles }) => outputFiles[0]?.text ?? "");
  return bundle;
}

/** Replays the corpus, then mutates for the given time; a thread that hangs or dies is replaced by another. */
export async function runCampaign(options: CampaignOptions): Promise<CampaignResult> {
  const deadline = performance.now() + options.seconds * 1_000;
  const finds = new Map<string, Find>();
  const pool: Uint8Array[] = [];
  let replay = options.corpus;
  let [executed, replaced, coveredBytes] = [0, 0, 0];
  while (finds.size < MAX_FINDS) {
    const mutateMs = Math.max(0, deadline - performance.now());
    const seed = (options.seed + replaced) >>> 0;
    const thread = await runThread({ target: options.target, seed, replay, pool: [...pool], mutateMs });
    executed += thread.executed;
    coveredBytes = thread.coveredBytes;
    pool.push(...thread.novel);
    for (const find of thread.finds) await keep(options.target, find, finds);
    if (thread.broken === undefined) break;
    await keep(options.target, thread.broken, finds);
    replaced++;
    // What came before the broken one did no harm.
    replay = replay.slice(thread.executed);
    if (performance.now() > deadline && replay.length === 0) break;
  }
  return { finds: [...finds.values()], executed, novel: pool.length, replaced, coveredBytes };
}

/** Hangs and growth are seen through the clock and memory of a shared machine: they count if fresh threads see them too. */
async function keep(target: string, find: Find, finds: Map<string, Find>): Promise<void> {
  if (finds.has(find.signature)) return;
  if (find.kind === "throw") return void finds.set(find.signature, find);
  const shows = async (input: Uint8Array): Promise<boolean> => {
    // Twice, as the first input of a thread has more time.
    const again = await runThread({ target, seed: 0, replay: [input, input], pool: [], mutateMs: 0 });
    return [again.broken, ...again.finds].some((one) => one?.kind === find.kind);
  };
  for (let i = 0; i < 3; i++) if (!(await shows(find.input))) return;
  finds.set(find.signature, { ...find, input: await minimise(find.input, shows, MAX_THREAD_TRIES) });
}

async function runThread(order: Omit<WorkerOrder, "shared" | "batchSize">): Promise<ThreadResult> {
  const shared = new SharedArrayBuffer(SHARED_HEADER_BYTES + MAX_INPUT_BYTES);
  const slots = new Int32Array(shared, 0, SHARED_HEADER_BYTES / 4);
  const workerData: WorkerOrder = { ...order, batchSize: BATCH_SIZE, shared };
  const worker = new Worker(await workerCode(), {
    eval: true,
    workerData,
    // Nothing of the test runner belongs into the thread.
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MEBIBYTES },
  });
  const current = (): Uint8Array =>
    new Uint8Array(shared).slice(SHARED_HEADER_BYTES, SHARED_HEADER_BYTES + (slots[SLOT.inputBytes] ?? 0));
  const finds: Find[] = [];
  const novel: Uint8Array[] = [];
  let coveredBytes = 0;
  const broken = await new Promise<Find | undefined>((resolve) => {
    const end = (kind?: FindKind, detail = ""): void => {
      stopWatching();
      const signature = kind === "gone" ? `gone: ${detail}` : (kind ?? "");
      resolve(kind === undefined ? undefined : { kind, signature, detail, input: current() });
    };
    const stopWatching = watch(slots, () => end("hang", `it took more than ${HANG_MS} ms`));
    worker.on("message", (message: WorkerMessage) => {
      if (message.kind === "find") finds.push(message.find);
      else if (message.kind === "novel") novel.push(message.input);
      else {
        ({ coveredBytes } = message);
        end();
      }
    });
    worker.on("error", (error: NodeJS.ErrnoException) =>
      end(error.code === "ERR_WORKER_OUT_OF_MEMORY" ? "memory" : "gone", error.message),
    );
  });
  await worker.terminate();
  const executed = slots[SLOT.runs] ?? 0;
  return { finds, novel, executed, coveredBytes, ...(broken === undefined ? {} : { broken }) };
}

/** Calls when one input runs for too long; gives what ends the watch. */
function watch(slots: Int32Array, onHang: () => void): () => void {
  let run = -1;
  let since = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    const current = Atomics.load(slots, SLOT.runs);
    if (current !== run || Atomics.load(slots, SLOT.isRunning) === 0) [run, since] = [current, now];
    else if (now - since > (run <= 1 ? FIRST_HANG_MS : HANG_MS)) onHang();
  }, LOOK_EVERY_MS);
  return () => clearInterval(timer);
}

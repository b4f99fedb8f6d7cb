/** The thread in which a target runs; whoever started it watches the clock. */
import { parentPort, workerData } from "node:worker_threads";
import { TARGETS } from "../targets/index.ts";
import { createCoverage, type Coverage } from "./coverage.ts";
import { minimise } from "./minimise.ts";
import { MAX_INPUT_BYTES, mutate } from "./mutate.ts";
import {
  MAX_GROWTH_BYTES,
  SHARED_HEADER_BYTES,
  SLOT,
  type Find,
  type WorkerMessage,
  type WorkerOrder,
} from "./protocol.ts";
import { createRandom } from "./random.ts";
import { CANARY, type FuzzTarget } from "./target.ts";

const order = workerData as WorkerOrder;
const slots = new Int32Array(order.shared, 0, SHARED_HEADER_BYTES / 4);
const slotBytes = new Uint8Array(order.shared, SHARED_HEADER_BYTES);

/** What has a meaning nearly everywhere. */
const COMMON_TOKENS = [
  "__proto__",
  "constructor",
  "\u0000",
  "\ufeff",
  "\u202e",
  "\u{1f600}",
  "\\ud800",
  "null",
  "true",
  "-9223372036854775808",
  "18446744073709551615",
  "9007199254740993",
  CANARY,
];
const BROKEN_UTF8 = [[0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xff], [0xe2, 0x82]];

function say(message: WorkerMessage): void {
  // This is the port of a thread, which has no origin.
  // oxlint-disable-next-line unicorn/require-post-message-target-origin
  parentPort?.postMessage(message);
}

/** Class and beginning of the message: numbers in it do not make another find. */
function signatureOf(error: unknown): string {
  if (!(error instanceof Error)) return `thrown ${typeof error}`;
  return `${error.constructor.name}: ${error.message.replaceAll(/\d+/g, "#").slice(0, 120)}`;
}

/** Runs one input, in sight of the watchdog. Undefined: nothing to complain about. */
async function judge(target: FuzzTarget, input: Uint8Array): Promise<Find | undefined> {
  slotBytes.set(input.subarray(0, MAX_INPUT_BYTES));
  slots[SLOT.inputBytes] = input.length;
  Atomics.add(slots, SLOT.runs, 1);
  Atomics.store(slots, SLOT.isRunning, 1);
  const before = process.memoryUsage.rss();
  try {
    const pending = target.run(input);
    if (pending !== undefined) await pending;
    const growth = process.memoryUsage.rss() - before;
    if (growth <= MAX_GROWTH_BYTES) return undefined;
    const detail = `the process grew by ${Math.round(growth / 2 ** 20)} MiB`;
    return { kind: "memory", signature: "memory", detail, input };
  } catch (error) {
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { kind: "throw", signature: signatureOf(error), detail, input };
  } finally {
    Atomics.store(slots, SLOT.isRunning, 0);
  }
}

async function report(target: FuzzTarget, find: Find, told: Set<string>): Promise<void> {
  if (told.has(find.signature)) return;
  told.add(find.signature);
  if (find.kind !== "throw") return say({ kind: "find", find });
  const input = await minimise(
    find.input,
    async (smaller) => (await judge(target, smaller))?.signature === find.signature,
    2_000,
  );
  say({ kind: "find", find: { ...find, input } });
}

async function runAll(target: FuzzTarget, inputs: readonly Uint8Array[], told: Set<string>): Promise<void> {
  for (const input of inputs) {
    const find = await judge(target, input);
    if (find !== undefined) await report(target, find, told);
  }
}

/** Finds which inputs of a batch reached something new, by halves; they join the pool. */
async function keepNovel(target: FuzzTarget, batch: readonly Uint8Array[], state: FuzzState): Promise<void> {
  for (const input of batch) await judge(target, input);
  const [only] = batch;
  if (!state.coverage.isNew({ keep: batch.length === 1 }) || only === undefined) return;
  if (batch.length === 1) {
    state.pool.push(only);
    return say({ kind: "novel", input: only });
  }
  const middle = batch.length >> 1;
  await keepNovel(target, batch.slice(0, middle), state);
  await keepNovel(target, batch.slice(middle), state);
}

interface FuzzState {
  readonly pool: Uint8Array[];
  readonly coverage: Coverage;
}

function dictionaryOf(target: FuzzTarget): readonly Uint8Array[] {
  const texts = [...COMMON_TOKENS, ...(target.dictionary ?? [])];
  return [
    ...texts.map((token) => (typeof token === "string" ? new Uint8Array(Buffer.from(token)) : token)),
    ...BROKEN_UTF8.map((bytes) => new Uint8Array(bytes)),
  ];
}

/** Mutates until the time is over; gives the characters of code that ran. */
async function fuzz(target: FuzzTarget, told: Set<string>): Promise<number> {
  const random = createRandom(order.seed);
  const state = {
    pool: [...target.seeds(), ...order.replay, ...order.pool],
    coverage: createCoverage((url) => url === "[worker eval]"),
  };
  const dictionary = dictionaryOf(target);
  await runAll(target, state.pool, told);
  state.coverage.isNew({ keep: true });
  const deadline = performance.now() + order.mutateMs;
  while (performance.now() < deadline) {
    const batch = Array.from({ length: order.batchSize }, () => mutate({ random, pool: state.pool, dictionary }));
    await runAll(target, batch, told);
    if (state.coverage.isNew({ keep: false })) await keepNovel(target, batch, state);
    // Messages to this thread and its timers have no other turn.
    await new Promise((resolve) => setImmediate(resolve));
  }
  return state.coverage.covered;
}

async function main(): Promise<void> {
  const target = TARGETS[order.target];
  if (target === undefined) throw new Error(`unknown target ${order.target}`);
  const told = new Set<string>();
  await runAll(target, order.replay, told);
  say({ kind: "done", coveredBytes: order.mutateMs > 0 ? await fuzz(target, told) : 0 });
}

void main();

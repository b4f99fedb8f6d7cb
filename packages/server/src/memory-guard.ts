import { totalmem } from "node:os";
import { getHeapStatistics } from "node:v8";
import { readMemoryLimit } from "@nexent/monitor-store";
import type { Clock } from "./clock.ts";
import type { Log } from "./log.ts";

const MIB = 1024 * 1024;
/** Shares of the budget beyond which memory is short, and up to which it no longer is. */
const [SHORT_SHARE, ENOUGH_SHARE] = [0.8, 0.75];
/** Time between two looks. */
const SAMPLE_MS = 250;
/** To take nothing for longer does not help: garbage is collected while there is work, and what is left is no work. */
const LONGEST_REFUSAL_MS = 10_000;
/** Memory that goes up and down fills no log. */
const LOG_EVERY_MS = 60_000;

/** What lies outside of the heap: the engines up to 640 MiB; bodies, what waits for the index, and the program. */
const OUTSIDE_HEAP_BYTES = 1024 * MIB;
/** With less the server could not even do its work at rest: to refuse everything is worse than to be killed once. */
const LEAST_DEFAULT_BYTES = 384 * MIB;

/** What a budget is made of when none is configured. */
export interface MemoryFacts {
  /** Of the control groups; absent when they limit nothing. */
  readonly limitBytes: number | undefined;
  /** Of the host. */
  readonly totalBytes: number;
  /** Largest size of the JavaScript heap. */
  readonly heapLimitBytes: number;
}

/**
 * The budget of a server that was told none: what it may have, at most what it can make use of. `undefined` when that is
 * too little to keep.
 */
export function defaultMemoryBudget({ limitBytes, totalBytes, heapLimitBytes }: MemoryFacts): number | undefined {
  const budget = Math.min(limitBytes ?? totalBytes, totalBytes, heapLimitBytes + OUTSIDE_HEAP_BYTES);
  return budget < LEAST_DEFAULT_BYTES ? undefined : budget;
}

/** Options of the memory guard. */
export interface MemoryGuardOptions {
  /** Bytes that the process may use; absent = nothing is ever refused. */
  readonly budgetBytes: number | undefined;
  /** Bytes that it uses now. */
  readonly residentBytes: () => number;
  readonly clock: Clock;
  readonly log: Log;
}

/** Says when the server has too little memory left to take anything in. */
export interface MemoryGuard {
  readonly budgetBytes: number | undefined;
  readonly residentBytes: () => number;
  /**
   * Whether another request may come in. Beyond 80 % of the budget one at a time, until no more than 75 % are in use; beyond
   * the whole budget none, for at most 10 s.
   * @param isAlone no other request is being worked on.
   */
  readonly admits: (isAlone: boolean) => boolean;
  /** Looks at the memory now. */
  readonly sample: () => void;
  /** Looks again and again; what it answers ends it. */
  readonly start: () => () => void;
}

/** A guard that has not looked yet: it refuses nothing. */
export function createMemoryGuard({ budgetBytes, residentBytes, clock, log }: MemoryGuardOptions): MemoryGuard {
  let isShort = false;
  let overSinceMs: number | undefined;
  let loggedAtMs = Number.NEGATIVE_INFINITY;

  function tell(bytes: number, budget: number): void {
    if (clock.monotonicMs() - loggedAtMs < LOG_EVERY_MS) return;
    loggedAtMs = clock.monotonicMs();
    log.warn("memory_short", { residentMib: Math.round(bytes / MIB), budgetMib: Math.round(budget / MIB) });
  }

  function sample(): void {
    if (budgetBytes === undefined) return;
    const bytes = residentBytes();
    isShort = bytes > budgetBytes * (isShort ? ENOUGH_SHARE : SHORT_SHARE);
    if (bytes > budgetBytes) overSinceMs ??= clock.monotonicMs();
    else overSinceMs = undefined;
    if (isShort) tell(bytes, budgetBytes);
  }

  return {
    budgetBytes,
    residentBytes,
    admits(isAlone) {
      if (!isShort) return true;
      return isAlone && (overSinceMs === undefined || clock.monotonicMs() - overSinceMs > LONGEST_REFUSAL_MS);
    },
    sample,
    start() {
      if (budgetBytes === undefined) return () => undefined;
      sample();
      const timer = setInterval(sample, SAMPLE_MS);
      timer.unref();
      return () => clearInterval(timer);
    },
  };
}

/** Options of the guard of this process. */
export interface OpenMemoryGuardOptions extends Pick<MemoryGuardOptions, "clock" | "log"> {
  /** 0 = no budget; absent = the default. */
  readonly configuredBytes: number | undefined;
  /** Default: what this process uses. */
  readonly residentBytes?: (() => number) | undefined;
}

/** A guard over the memory of this process. */
export async function openMemoryGuard(options: OpenMemoryGuardOptions): Promise<MemoryGuard> {
  const { configuredBytes, clock, log, residentBytes = () => process.memoryUsage.rss() } = options;
  const heapLimitBytes = getHeapStatistics().heap_size_limit;
  const facts = { limitBytes: await readMemoryLimit(), totalBytes: totalmem(), heapLimitBytes };
  const budgetBytes = configuredBytes === undefined ? defaultMemoryBudget(facts) : configuredBytes || undefined;
  if (budgetBytes !== undefined) log.info("memory_budget", { mib: Math.round(budgetBytes / MIB) });
  return createMemoryGuard({ budgetBytes, residentBytes, clock, log });
}

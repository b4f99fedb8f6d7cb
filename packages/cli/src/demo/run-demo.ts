import { setTimeout as sleep } from "node:timers/promises";
import { makeCall, type CallResult, type DemoTarget } from "./demo-client.ts";
import type { DemoPlan } from "./plan.ts";

/** Calls so far. */
export interface DemoCounts {
  readonly started: number;
  readonly running: number;
  readonly ok: number;
  readonly error: number;
  readonly aborted: number;
  readonly unreachable: number;
}

export interface DemoRunOptions {
  readonly plan: DemoPlan;
  readonly target: DemoTarget;
  /** Calls at the same time; further ones wait. */
  readonly concurrency: number;
  /** Stops the demo: no new calls, running ones are aborted. */
  readonly signal: AbortSignal;
  readonly onProgress: (counts: DemoCounts, elapsedMs: number) => void;
}

/** How a demo ended. `unreachable`: several calls in a row found nobody listening. */
export interface DemoResult {
  readonly status: "finished" | "stopped" | "unreachable";
  readonly counts: DemoCounts;
}

const UNREACHABLE_IN_A_ROW = 5;

class DemoRun {
  readonly #options: DemoRunOptions;
  readonly #startedMs = performance.now();
  readonly #stop = new AbortController();
  readonly #ends = { ok: 0, error: 0, aborted: 0, unreachable: 0 };
  readonly #running = new Set<Promise<void>>();
  #started = 0;
  #unreachableInARow = 0;

  constructor(options: DemoRunOptions) {
    this.#options = options;
  }

  async run(): Promise<DemoResult> {
    const { plan, signal, concurrency, onProgress } = this.#options;
    const stop = AbortSignal.any([signal, this.#stop.signal]);
    const ticker = setInterval(() => onProgress(this.#counts(), this.#elapsedMs()), 250);
    for (const call of plan.calls) {
      await this.#pause(call.atMs - this.#elapsedMs(), stop);
      while (this.#running.size >= concurrency && !stop.aborted) await Promise.race(this.#running);
      if (stop.aborted) break;
      this.#started += 1;
      const running: Promise<void> = makeCall(this.#options.target, call, stop).then((result) => {
        this.#running.delete(running);
        this.#count(result);
      });
      this.#running.add(running);
    }
    await Promise.all(this.#running);
    clearInterval(ticker);
    const status = this.#stop.signal.aborted ? "unreachable" : signal.aborted ? "stopped" : "finished";
    return { status, counts: this.#counts() };
  }

  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    // Rejects only when the demo is stopped, which the caller looks at itself.
    if (ms > 0) await sleep(ms, undefined, { signal }).catch(() => undefined);
  }

  #count(result: CallResult): void {
    this.#ends[result] += 1;
    this.#unreachableInARow = result === "unreachable" ? this.#unreachableInARow + 1 : 0;
    if (this.#unreachableInARow >= UNREACHABLE_IN_A_ROW) this.#stop.abort();
  }

  #counts(): DemoCounts {
    return { started: this.#started, running: this.#running.size, ...this.#ends };
  }

  #elapsedMs(): number {
    return performance.now() - this.#startedMs;
  }
}

/** Makes the planned calls at their times. */
export async function runDemo(options: DemoRunOptions): Promise<DemoResult> {
  return new DemoRun(options).run();
}

/** The primary of a gateway of several workers: starts them, restarts them, ends them. It relays nothing itself. */
import cluster, { type Worker } from "node:cluster";
import { performance } from "node:perf_hooks";
import { createMetricRegistry, LIMITS, METRICS } from "@nexent/monitor-core";
import type { GatewayLog } from "../server.ts";
import { createGathering, type AskedWorker } from "./gathering.ts";
import { isToPrimary } from "./messages.ts";

/** How starting ended: all workers listen, or the first one could not. */
export type PoolStart =
  | { readonly status: "listening"; readonly port: number }
  /** The worker has said why. */
  | { readonly status: "failed"; readonly exitCode: number };

/** Workers behind one listener. */
export interface WorkerPool {
  start(): Promise<PoolStart>;
  /** Lets every worker finish; resolves when all are gone, with false if one of them had to be killed. */
  drain(): Promise<boolean>;
  /** Ends all at once. */
  kill(): void;
}

/** Options of {@link createWorkerPool}. */
export interface PoolOptions {
  /** Number of workers, at least 1. */
  readonly size: number;
  /** From the order to drain to SIGKILL, ms. */
  readonly drainMs: number;
  readonly log: GatewayLog;
}

interface Slot extends AskedWorker {
  readonly process: Worker;
  readonly startedAtMs: number;
  /** Restarts in a row that led to this worker. */
  readonly restarts: number;
  listens: boolean;
}

class ClusterPool implements WorkerPool {
  readonly #options: PoolOptions;
  readonly #slots = new Set<Slot>();
  readonly #past = createMetricRegistry({ maxModels: Infinity, maxSeries: Infinity });
  readonly #gathering = createGathering(this.#past);
  readonly #delays = new Set<NodeJS.Timeout>();
  #stopping = false;
  #onGone: () => void = () => undefined;

  constructor(options: PoolOptions) {
    this.#options = options;
    // Exemplars come as maps, which JSON does not know.
    cluster.setupPrimary({ serialization: "advanced" });
  }

  async start(): Promise<PoolStart> {
    // The first one alone: what keeps it from starting would keep the others too, and is told once.
    const first = await this.#firstWorker();
    if (first.status === "listening") for (let i = 1; i < this.#options.size; i += 1) this.#fork(0);
    return first;
  }

  async drain(): Promise<boolean> {
    this.#stop();
    for (const slot of this.#slots) slot.send({ kind: "drain" });
    if (this.#slots.size === 0) return true;
    return new Promise((resolve) => {
      let clean = true;
      const timer = setTimeout(() => {
        clean = false;
        this.kill();
      }, this.#options.drainMs);
      this.#onGone = () => {
        clearTimeout(timer);
        resolve(clean);
      };
    });
  }

  kill(): void {
    this.#stop();
    for (const { process } of this.#slots) process.process.kill("SIGKILL");
  }

  #stop(): void {
    this.#stopping = true;
    for (const timer of this.#delays) clearTimeout(timer);
    this.#delays.clear();
  }

  #firstWorker(): Promise<PoolStart> {
    return new Promise((resolve) => {
      const { process } = this.#fork(0);
      process.once("listening", ({ port }) => resolve({ status: "listening", port }));
      process.once("exit", (code) => resolve({ status: "failed", exitCode: code === 0 ? 1 : (code ?? 1) }));
    });
  }

  #fork(restarts: number): Slot {
    const process = cluster.fork();
    const slot: Slot = {
      process,
      number: process.id,
      startedAtMs: performance.now(),
      restarts,
      listens: false,
      send(message) {
        // One that is just ending needs no message; its exit follows.
        if (process.isConnected()) process.send(message, undefined, undefined, () => undefined);
      },
    };
    this.#slots.add(slot);
    process.on("listening", () => (slot.listens = true));
    process.on("message", (message: unknown) => this.#onMessage(slot, message));
    process.on("error", () => undefined);
    process.once("exit", (code, signal) => this.#onExit(slot, signal ?? code));
    return slot;
  }

  #onMessage(slot: Slot, message: unknown): void {
    if (!isToPrimary(message)) return;
    if (message.kind === "part") this.#gathering.take(slot, message.id, message.part);
    else
      this.#gathering.start(
        slot,
        message,
        [...this.#slots].filter(({ listens }) => listens),
      );
  }

  #onExit(slot: Slot, how: string | number): void {
    this.#slots.delete(slot);
    this.#gathering.forget(slot);
    if (this.#slots.size === 0) this.#onGone();
    // Who never served was never there; the one that is waited for at the start is not started again.
    const atStart = !slot.listens && slot.restarts === 0 && slot.number === 1;
    if (this.#stopping || atStart) return;
    const settled = performance.now() - slot.startedAtMs > LIMITS.gatewayWorkerSettledMs;
    const restarts = settled ? 1 : slot.restarts + 1;
    const delayMs = Math.min(LIMITS.gatewayWorkerRestartMaxMs, LIMITS.gatewayWorkerRestartMs * 2 ** (restarts - 1));
    this.#options.log.warn(
      { event: "worker_ended", worker: slot.number, exit: how, restart_ms: delayMs },
      "a worker ended unexpectedly; another takes its place",
    );
    const timer = setTimeout(() => {
      this.#delays.delete(timer);
      this.#past.counter(METRICS.nexentGatewayWorkerRestarts, {}).add(1);
      this.#fork(restarts);
    }, delayMs);
    this.#delays.add(timer);
  }
}

/** A pool in this process, which must be the primary of `node:cluster`. Workers run the program this one runs. */
export function createWorkerPool(options: PoolOptions): WorkerPool {
  return new ClusterPool(options);
}

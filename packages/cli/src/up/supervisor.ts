import { setTimeout as sleep } from "node:timers/promises";
import { waitUntilHealthy } from "../processes/health.ts";
import {
  startService,
  type ServiceExit,
  type ServiceProcess,
  type ServiceStart,
} from "../processes/service-process.ts";

/** A program under supervision. */
export interface SupervisedService {
  readonly start: ServiceStart;
  /** Addresses that must answer before it counts as started, in order. */
  readonly readyUrls: readonly string[];
  /** From SIGTERM to SIGKILL. */
  readonly stopGraceMs: number;
}

/** What the supervisor has to tell. */
export type SupervisorEvent =
  | { readonly kind: "restarting"; readonly name: string; readonly exit: ServiceExit; readonly delayMs: number }
  | { readonly kind: "restarted"; readonly name: string }
  | {
      readonly kind: "given_up";
      readonly name: string;
      readonly exit: ServiceExit;
      readonly logTail: readonly string[];
    };

/** Either everything answers, or the first program that did not come up. */
export type StartOutcome =
  | { readonly status: "running" }
  /** `stop` was called meanwhile. */
  | { readonly status: "stopped" }
  | {
      readonly status: "failed";
      readonly name: string;
      /** `undefined`: it still runs but does not answer. */
      readonly exit: ServiceExit | undefined;
      readonly logTail: readonly string[];
    };

/** Starts programs in order, restarts what crashes, stops in reverse order. */
export interface Supervisor {
  start(): Promise<StartOutcome>;
  /** Stops all in reverse order; resolves when all are gone. */
  stop(): Promise<void>;
  /** SIGKILL for all, now. */
  kill(): void;
  /** Resolves when every program was given up. */
  readonly allGone: Promise<void>;
}

export interface SupervisorOptions {
  /** In start order. */
  readonly services: readonly SupervisedService[];
  readonly onEvent: (event: SupervisorEvent) => void;
  /** Default 30 s. */
  readonly startTimeoutMs?: number;
  /** Pause before the first restart, doubled for each further one up to 10 s; default 500 ms. */
  readonly firstDelayMs?: number;
  /** Restarts in a row before a program is given up; default 5. */
  readonly maxRestarts?: number;
  /** Running this long makes a program healthy again: its count starts anew; default 60 s. */
  readonly settledMs?: number;
}

const MAX_DELAY_MS = 10_000;
const LOG_TAIL_LINES = 15;
/** Faults that a restart does not heal: wrong usage or configuration, an unusable or foreign data folder, a taken port. */
const FINAL_EXIT_CODES: ReadonlySet<number> = new Set([64, 65, 73, 75, 78]);

interface Slot {
  readonly service: SupervisedService;
  process: ServiceProcess | undefined;
  startedAtMs: number;
  restarts: number;
  gone: boolean;
}

class ProcessSupervisor implements Supervisor {
  readonly allGone: Promise<void>;
  readonly #options: SupervisorOptions;
  readonly #slots: readonly Slot[];
  readonly #stopping = new AbortController();
  #resolveAllGone: () => void = () => undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#slots = options.services.map((service) => ({
      service,
      process: undefined,
      startedAtMs: 0,
      restarts: 0,
      gone: false,
    }));
    this.allGone = new Promise((resolve) => {
      this.#resolveAllGone = resolve;
    });
  }

  async start(): Promise<StartOutcome> {
    for (const slot of this.#slots) {
      const child = this.#spawn(slot);
      const ready = await this.#becomesReady(slot, child);
      if (this.#stopping.signal.aborted) return { status: "stopped" };
      if (!ready) {
        return { status: "failed", name: child.name, exit: child.exit, logTail: child.lastLogLines(LOG_TAIL_LINES) };
      }
    }
    for (const slot of this.#slots) this.#watch(slot);
    return { status: "running" };
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    for (const slot of this.#slots.toReversed()) await slot.process?.stop(slot.service.stopGraceMs);
  }

  kill(): void {
    this.#stopping.abort();
    for (const slot of this.#slots) slot.process?.kill();
  }

  #spawn(slot: Slot): ServiceProcess {
    const child = startService(slot.service.start);
    slot.process = child;
    slot.startedAtMs = performance.now();
    return child;
  }

  async #becomesReady(slot: Slot, child: ServiceProcess): Promise<boolean> {
    return waitUntilHealthy({
      urls: slot.service.readyUrls,
      timeoutMs: this.#options.startTimeoutMs ?? 30_000,
      givenUp: () => child.exit !== undefined || this.#stopping.signal.aborted,
    });
  }

  #watch(slot: Slot): void {
    const child = slot.process;
    if (child === undefined) return;
    void child.exited.then((exit) => this.#onExit(slot, child, exit));
  }

  async #onExit(slot: Slot, child: ServiceProcess, exit: ServiceExit): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    if (performance.now() - slot.startedAtMs > (this.#options.settledMs ?? 60_000)) slot.restarts = 0;
    const { name } = child;
    if (slot.restarts >= (this.#options.maxRestarts ?? 5) || (exit.code !== null && FINAL_EXIT_CODES.has(exit.code))) {
      slot.gone = true;
      this.#options.onEvent({ kind: "given_up", name, exit, logTail: child.lastLogLines(LOG_TAIL_LINES) });
      if (this.#slots.every((other) => other.gone)) this.#resolveAllGone();
      return;
    }
    const delayMs = Math.min(MAX_DELAY_MS, (this.#options.firstDelayMs ?? 500) * 2 ** slot.restarts);
    slot.restarts += 1;
    this.#options.onEvent({ kind: "restarting", name, exit, delayMs });
    // Rejects only when stop ends the pause.
    await sleep(delayMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
    if (this.#stopping.signal.aborted) return;
    const next = this.#spawn(slot);
    this.#watch(slot);
    if (await this.#becomesReady(slot, next)) this.#options.onEvent({ kind: "restarted", name });
  }
}

/** A supervisor for these programs; nothing runs before `start`. */
export function createSupervisor(options: SupervisorOptions): Supervisor {
  return new ProcessSupervisor(options);
}

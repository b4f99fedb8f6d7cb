import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Scenario } from "@nexent/monitor-core/scenarios";
import type { PlayReport, VerifyTarget } from "./target.ts";

const PLAY_TIMEOUT_MS = 60_000;

/** One play that was made. */
export interface PlayedOrder extends PlayReport {
  readonly scenario: Scenario;
  readonly target: VerifyTarget;
  readonly playId: string;
}

/** What to play, and how. */
export interface PlayPlan {
  readonly scenarios: readonly Scenario[];
  readonly targets: readonly VerifyTarget[];
  /** Plays of each scenario at each target. */
  readonly repeat: number;
  /** Plays at the same time, over all targets. */
  readonly concurrency: number;
  /** Ends the run after the plays that are under way. */
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, total: number) => void;
}

/** Plays every scenario at every target that it is meant for, a few at a time. Never rejects for what a play does. */
export async function playAll(plan: PlayPlan): Promise<readonly PlayedOrder[]> {
  const queue = ordersOf(plan);
  const total = queue.length;
  const played: PlayedOrder[] = [];
  const worker = async (): Promise<void> => {
    for (let order = queue.shift(); order !== undefined && !plan.signal.aborted; order = queue.shift()) {
      played.push({ ...order, ...(await playOnce(order)) });
      plan.onProgress(played.length, total);
    }
  };
  await Promise.all(Array.from({ length: Math.min(plan.concurrency, total) }, worker));
  return played;
}

function ordersOf(plan: PlayPlan): PlayedOrder[] {
  const orders: PlayedOrder[] = [];
  // Long ones first within a round, so that the last round does not end with one stream playing alone.
  const longestFirst = [...plan.scenarios].sort((a, b) => lengthMs(b) - lengthMs(a));
  for (let round = 0; round < plan.repeat; round += 1) {
    for (const scenario of longestFirst) {
      for (const target of plan.targets) {
        if (!scenario.targets.includes(target.name)) continue;
        orders.push({ scenario, target, playId: randomBytes(16).toString("hex") });
      }
    }
  }
  return orders;
}

async function playOnce(order: PlayedOrder): Promise<PlayReport> {
  const cancel = new AbortController();
  const timedOut = sleep(PLAY_TIMEOUT_MS, {}, { signal: cancel.signal }).catch(() => ({}));
  const report = await Promise.race([order.target.play(order), timedOut]);
  cancel.abort();
  return report;
}

function lengthMs(scenario: Scenario): number {
  return scenario.end.kind === "hang" ? (scenario.writes.at(-1)?.atMs ?? 0) : scenario.end.atMs;
}

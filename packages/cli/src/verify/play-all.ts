import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Scenario } from "@nexent/monitor-core/scenarios";
import type { PlayReport, VerifyTarget } from "./target.ts";

const PLAY_TIMEOUT_MS = 60_000;
const WARM_UP_ROUNDS = 2;

/** One play that was made. */
export interface PlayedOrder extends PlayReport, PlayPair {
  readonly playId: string;
}

/** A scenario at a target that it is meant for. */
export interface PlayPair {
  readonly scenario: Scenario;
  readonly target: VerifyTarget;
}

/** What to play, and how. */
export interface PlayPlan {
  readonly pairs: readonly PlayPair[];
  /** Plays of each pair. */
  readonly repeat: number;
  /** Plays at the same time, over all targets. */
  readonly concurrency: number;
  /** Ends the run after the plays that are under way. */
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, total: number) => void;
}

/** Plays every pair, a few at a time. Never rejects for what a play does. */
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

/**
 * Plays `scenario` a few times at every target without judging it: connections are opened and code is compiled once in
 * the life of a process, not in every call.
 */
export async function warmUp(scenario: Scenario, targets: readonly VerifyTarget[], concurrency: number): Promise<void> {
  for (let round = 0; round < WARM_UP_ROUNDS; round += 1) {
    const crowd = targets.flatMap((target) => Array.from({ length: concurrency }, () => target));
    await Promise.all(crowd.map((target) => playOnce({ scenario, target, playId: newPlayId() })));
  }
}

/** 32 hex digits, fit for a trace id. */
function newPlayId(): string {
  return randomBytes(16).toString("hex");
}

/** Round by round; long ones first within a round, so that the last does not end with one stream playing alone. */
function ordersOf(plan: PlayPlan): PlayedOrder[] {
  const round = [...plan.pairs].sort((a, b) => lengthMs(b.scenario) - lengthMs(a.scenario));
  return Array.from({ length: plan.repeat }, () => round).flatMap((pairs) =>
    pairs.map(({ scenario, target }) => ({ scenario, target, playId: newPlayId() })),
  );
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

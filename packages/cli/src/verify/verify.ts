import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Scenario } from "@nexent/monitor-core/scenarios";
import { startExactServer, type ExactServer } from "../exact-server/server.ts";
import { startClientTarget } from "./clients/client-target.ts";
import type { FoundClient } from "./clients/find-client.ts";
import type { OwnTargetName, PlayEvidence } from "./evidence.ts";
import { startGatewayTarget } from "./gateway-target.ts";
import { judge, type Tolerances, type Verdict } from "./judge.ts";
import { startOtlpSink, type OtlpSink } from "./otlp-sink.ts";
import { playAll, warmUp, type PlayedOrder, type PlayPair } from "./play-all.ts";
import { startSdkTarget } from "./sdk-target.ts";
import type { TargetStart, VerifyTarget } from "./target.ts";
import type { Progress } from "./tell-progress.ts";

/** One verification. */
export interface VerifyOptions {
  readonly scenarios: readonly Scenario[];
  readonly targets: readonly OwnTargetName[];
  /** Client libraries, each in a process of its own. */
  readonly clients: readonly FoundClient[];
  readonly repeat: number;
  readonly concurrency: number;
  readonly tolerances: Tolerances;
  /** The environment of this process; settings of ours in it are not passed on. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Ends the run early; what was played is judged. */
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
}

/** What came out. */
export interface VerifyReport {
  readonly verdicts: readonly Verdict[];
  /** Payloads that the receiver could not read; empty when all is well. */
  readonly refusedPayloads: readonly string[];
}

/**
 * Scenarios that fail in nothing but times are played again, two at a time: another program on this host may have been
 * the cause. All plays count, so a real deviation stays one.
 */
const ROUNDS_AGAIN = 3;
/** Playing again takes as long as playing took, at least this long. */
const AGAIN_WITHIN_MS = 60_000;
const RECORDED_WITHIN_MS = 3_000;

const STARTERS: Readonly<Record<OwnTargetName, (start: TargetStart) => Promise<VerifyTarget>>> = {
  gateway: startGatewayTarget,
  sdk: startSdkTarget,
};

/** Starts everything needed, plays the scenarios, stops everything, and judges what was recorded. */
export async function verify(options: VerifyOptions): Promise<VerifyReport> {
  const logDir = mkdtempSync(join(tmpdir(), "nexent-verify-"));
  // No spinning: what counts is when a write was really made, and the core is better left to what is measured.
  const server = await startExactServer({
    preciseStreams: 0,
    rememberedPlays: Number.POSITIVE_INFINITY,
  });
  const sink = await startOtlpSink();
  const targets: VerifyTarget[] = [];
  try {
    const start: TargetStart = { exactOrigin: server.origin, otlpEndpoint: sink.endpoint, env: options.env, logDir };
    for (const name of options.targets) targets.push(await STARTERS[name](start));
    for (const client of options.clients) targets.push(await startClientTarget(client, start));
    const verdicts = await playAndJudge({ options, server, sink, targets });
    return { verdicts, refusedPayloads: sink.refused };
  } finally {
    await stopAll(targets);
    await sink.close();
    await server.close();
    rmSync(logDir, { recursive: true, force: true });
  }
}

/** Everything that runs. */
interface Stage {
  readonly options: VerifyOptions;
  readonly server: ExactServer;
  readonly sink: OtlpSink;
  /** Emptied when they are stopped. */
  readonly targets: VerifyTarget[];
}

async function playAndJudge(stage: Stage): Promise<readonly Verdict[]> {
  const { options, sink, targets } = stage;
  const progressOf =
    (round: number) =>
    (done: number, total: number): void =>
      options.onProgress({ done, total, round });
  const pairs = pairsOf(options.scenarios, targets);
  const [first] = pairs;
  if (first !== undefined) await warmUp(first.scenario, targets, options.concurrency);
  const startedMs = performance.now();
  const played = [...(await playAll({ ...options, pairs, onProgress: progressOf(0) }))];
  const againWithinMs = Math.max(AGAIN_WITHIN_MS, performance.now() - startedMs);
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(Math.ceil(againWithinMs))]);
  for (let round = 0; round < ROUNDS_AGAIN && !signal.aborted; round += 1) {
    await untilRecorded(played, sink);
    const disturbed = pairs.filter((pair) => judgePair(stage, pair, played).onlyTimesFail);
    if (disturbed.length === 0) break;
    const onProgress = progressOf(round + 1);
    const again = { pairs: disturbed, repeat: options.repeat * 2, concurrency: 2, signal, onProgress };
    played.push(...(await playAll(again)));
  }
  await stopAll(targets);
  return pairs.map((pair) => judgePair(stage, pair, played));
}

/** Stopping is how a target exports its last records. */
async function stopAll(targets: VerifyTarget[]): Promise<void> {
  await Promise.all(targets.splice(0).map((target) => target.stop()));
}

function pairsOf(scenarios: readonly Scenario[], targets: readonly VerifyTarget[]): readonly PlayPair[] {
  return scenarios.flatMap((scenario) =>
    targets.filter((target) => target.plays(scenario)).map((target) => ({ scenario, target })),
  );
}

function judgePair({ options, server, sink }: Stage, pair: PlayPair, played: readonly PlayedOrder[]): Verdict {
  const { scenario, target } = pair;
  const plays = played
    .filter((order) => order.scenario === scenario && order.target === target)
    .map((order) => evidenceOf(order, server, sink));
  const hidden = target.hides?.(scenario) ?? [];
  const { ttftMs, ratePercent } = options.tolerances;
  const slack = target.slack ?? 1;
  const tolerances = { ...options.tolerances, ttftMs: ttftMs * slack, ratePercent: ratePercent * slack };
  return judge({ scenario, target: target.name, plays, hidden }, tolerances);
}

/** Waits a little for records that are still on their way; some come only when a target stops. */
async function untilRecorded(played: readonly PlayedOrder[], sink: OtlpSink): Promise<void> {
  const deadlineMs = performance.now() + RECORDED_WITHIN_MS;
  const complete = (): boolean =>
    played.every((order) => sink.records.some((record) => record.playId === order.playId));
  while (!complete() && performance.now() < deadlineMs) await sleep(50);
}

function evidenceOf(order: PlayedOrder, server: ExactServer, sink: OtlpSink): PlayEvidence {
  return {
    playId: order.playId,
    play: server.play(order.playId),
    observed: sink.records.filter((record) => record.playId === order.playId),
    ...(order.leftUnixMs === undefined ? {} : { leftUnixMs: order.leftUnixMs }),
  };
}

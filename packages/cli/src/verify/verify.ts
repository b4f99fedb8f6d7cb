import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Scenario } from "@nexent/monitor-core/scenarios";
import { startExactServer, type ExactServer } from "../exact-server/server.ts";
import type { PlayEvidence, TargetName } from "./evidence.ts";
import { startGatewayTarget } from "./gateway-target.ts";
import { judge, type Tolerances, type Verdict } from "./judge.ts";
import { startOtlpSink, type OtlpSink } from "./otlp-sink.ts";
import { playAll, type PlayedOrder } from "./play-all.ts";
import { startSdkTarget } from "./sdk-target.ts";
import type { TargetStart, VerifyTarget } from "./target.ts";

/** One verification. */
export interface VerifyOptions {
  readonly scenarios: readonly Scenario[];
  readonly targets: readonly TargetName[];
  readonly repeat: number;
  readonly concurrency: number;
  readonly tolerances: Tolerances;
  /** The environment of this process; settings of ours in it are not passed on. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Ends the run early; what was played is judged. */
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, total: number) => void;
}

/** What came out. */
export interface VerifyReport {
  readonly verdicts: readonly Verdict[];
  /** Payloads that the receiver could not read; empty when all is well. */
  readonly refusedPayloads: readonly string[];
}

const STARTERS: Readonly<Record<TargetName, (start: TargetStart) => Promise<VerifyTarget>>> = {
  gateway: startGatewayTarget,
  sdk: startSdkTarget,
};

/** Starts everything needed, plays the scenarios, stops everything, and judges what was recorded. */
export async function verify(options: VerifyOptions): Promise<VerifyReport> {
  const logDir = mkdtempSync(join(tmpdir(), "nexent-verify-"));
  // Every stream of ours deserves exact writes, so spinning goes up to the whole crowd.
  const server = await startExactServer({ preciseStreams: options.concurrency * 2 });
  const sink = await startOtlpSink();
  const running: VerifyTarget[] = [];
  try {
    const start: TargetStart = { exactBaseUrl: server.baseUrl, otlpEndpoint: sink.endpoint, env: options.env, logDir };
    for (const name of options.targets) running.push(await STARTERS[name](start));
    const played = await playAll({ ...options, targets: running });
    await stopAll(running);
    return { verdicts: judgeAll(options, played, server, sink), refusedPayloads: sink.refused };
  } finally {
    await stopAll(running);
    await sink.close();
    await server.close();
    rmSync(logDir, { recursive: true, force: true });
  }
}

/** Stopping is how a target exports its last records. */
async function stopAll(running: VerifyTarget[]): Promise<void> {
  await Promise.all(running.splice(0).map((target) => target.stop()));
}

function judgeAll(
  options: VerifyOptions,
  played: readonly PlayedOrder[],
  server: ExactServer,
  sink: OtlpSink,
): readonly Verdict[] {
  return options.scenarios.flatMap((scenario) =>
    options.targets
      .filter((target) => scenario.targets.includes(target))
      .map((target) => {
        const plays = played
          .filter((order) => order.scenario === scenario && order.target.name === target)
          .map((order): PlayEvidence => evidenceOf(order, server, sink));
        return judge({ scenario, target, plays }, options.tolerances);
      }),
  );
}

function evidenceOf(order: PlayedOrder, server: ExactServer, sink: OtlpSink): PlayEvidence {
  return {
    playId: order.playId,
    play: server.play(order.playId),
    observed: sink.records.filter((record) => record.playId === order.playId),
    ...(order.leftUnixMs === undefined ? {} : { leftUnixMs: order.leftUnixMs }),
  };
}

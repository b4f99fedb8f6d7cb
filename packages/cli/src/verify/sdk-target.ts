import { fork, type ChildProcess } from "node:child_process";
import { closeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { MonitorError } from "@nexent/monitor-core";
import { lastLines, openLog } from "../processes/log-file.ts";
import { exportSettings, withoutSettings } from "./child-env.ts";
import type { SdkAnswer, SdkOrder } from "./sdk-messages.ts";
import type { PlayOrder, PlayReport, TargetStart, VerifyTarget } from "./target.ts";

const START_TIMEOUT_MS = 20_000;
const STOP_GRACE_MS = 10_000;

class SdkTarget implements VerifyTarget {
  readonly name = "sdk";
  readonly #child: ChildProcess;
  readonly #origin: string;
  readonly #waiting = new Map<string, (report: PlayReport) => void>();
  readonly #exited: Promise<void>;
  #gone = false;

  constructor(child: ChildProcess, origin: string) {
    this.#child = child;
    this.#origin = origin;
    child.on("message", (answer: SdkAnswer) => {
      if (answer.type !== "played") return;
      this.#settle(answer.playId, answer.leftUnixMs === undefined ? {} : { leftUnixMs: answer.leftUnixMs });
    });
    this.#exited = new Promise((resolve) => {
      child.once("exit", () => {
        this.#gone = true;
        // A dead process measures nothing more: its plays end without a record, and the judge says so.
        for (const playId of this.#waiting.keys()) this.#settle(playId, {});
        resolve();
      });
    });
  }

  async play({ scenario, playId }: PlayOrder): Promise<PlayReport> {
    if (this.#gone) return {};
    return new Promise((resolve) => {
      this.#waiting.set(playId, resolve);
      this.#send({ type: "play", playId, scenario: scenario.name, origin: this.#origin });
    });
  }

  async stop(): Promise<void> {
    if (this.#gone) return;
    this.#send({ type: "stop" });
    const cancel = new AbortController();
    const timedOut = sleep(STOP_GRACE_MS, true, { signal: cancel.signal }).catch(() => false);
    const late = await Promise.race([this.#exited.then(() => false), timedOut]);
    cancel.abort();
    if (late) this.#child.kill("SIGKILL");
    await this.#exited;
  }

  #settle(playId: string, report: PlayReport): void {
    this.#waiting.get(playId)?.(report);
    this.#waiting.delete(playId);
  }

  #send(order: SdkOrder): void {
    // A send that fails means the process is going; "exit" settles what waits.
    this.#child.send(order, () => undefined);
  }
}

/** Starts a process that uses the SDK as an application does. @throws when it does not come up. */
export async function startSdkTarget(start: TargetStart): Promise<VerifyTarget> {
  const logPath = join(start.logDir, "sdk.log");
  const log = openLog(logPath);
  const child = fork(new URL("./sdk-child.js", import.meta.url), [], {
    // Never-read streams are given up by the collector or by shutdown, whichever is first.
    env: { ...withoutSettings(start.env), ...exportSettings(start.otlpEndpoint, "nexent-verify-sdk") },
    stdio: ["ignore", log.fd, log.fd, "ipc"],
  });
  closeSync(log.fd);
  const target = new SdkTarget(child, start.exactOrigin);
  if (await becomesReady(child)) return target;
  child.kill("SIGKILL");
  const tail = lastLines(logPath, log.sizeBytes, 10).join("\n");
  throw new MonitorError("UPSTREAM_UNREACHABLE", `the process that uses the SDK did not start:\n${tail}`);
}

async function becomesReady(child: ChildProcess): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), START_TIMEOUT_MS);
    const settle = (ready: boolean): void => {
      clearTimeout(timer);
      resolve(ready);
    };
    child.once("message", () => settle(true));
    child.once("exit", () => settle(false));
    child.once("error", () => settle(false));
  });
}

import type { ChildProcess } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { MonitorError } from "@nexent/monitor-core";
import type { Scenario } from "@nexent/monitor-core/scenarios";
import { lastLines } from "../processes/log-file.ts";
import type { ChildAnswer, ChildOrder } from "./child-messages.ts";
import type { HiddenField } from "./clients/driver.ts";
import type { PlayOrder, PlayReport, VerifyTarget } from "./target.ts";

const START_TIMEOUT_MS = 20_000;
const STOP_GRACE_MS = 10_000;

/** A started process that obeys orders, and what is needed to speak of it. */
export interface StartedChild {
  readonly child: ChildProcess;
  /** Where it writes, and from where on. */
  readonly logPath: string;
  readonly logFrom: number;
  /** Origin of the exact-schedule server. */
  readonly origin: string;
}

/** What is known of a target without its process. */
export type TargetTraits = Pick<VerifyTarget, "name" | "plays" | "hides" | "slack">;

class ChildTarget implements VerifyTarget {
  readonly #traits: TargetTraits;
  readonly #child: ChildProcess;
  readonly #origin: string;
  readonly #waiting = new Map<string, (report: PlayReport) => void>();
  readonly #exited: Promise<void>;
  #gone = false;

  constructor(traits: TargetTraits, { child, origin }: StartedChild) {
    this.#traits = traits;
    this.#child = child;
    this.#origin = origin;
    child.on("message", (answer: ChildAnswer) => {
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

  get name(): VerifyTarget["name"] {
    return this.#traits.name;
  }

  get slack(): number {
    return this.#traits.slack ?? 1;
  }

  plays(scenario: Scenario): boolean {
    return this.#traits.plays(scenario);
  }

  hides(scenario: Scenario): readonly HiddenField[] {
    return this.#traits.hides?.(scenario) ?? [];
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

  #send(order: ChildOrder): void {
    // A send that fails means the process is going; "exit" settles what waits.
    this.#child.send(order, () => undefined);
  }
}

/** The target that a process is, once it says that it is ready. @throws when it does not. */
export async function childTarget(traits: TargetTraits, started: StartedChild): Promise<VerifyTarget> {
  const target = new ChildTarget(traits, started);
  if (await becomesReady(started.child)) return target;
  started.child.kill("SIGKILL");
  const tail = lastLines(started.logPath, started.logFrom, 10).join("\n");
  throw new MonitorError("UPSTREAM_UNREACHABLE", `the process of ${traits.name} did not start:\n${tail}`);
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

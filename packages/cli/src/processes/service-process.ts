import { spawn, type ChildProcess } from "node:child_process";
import { closeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { lastLines, openLog } from "./log-file.ts";

/** How to start one program of the product as a child of this process. */
export interface ServiceStart {
  readonly name: string;
  /** Path of the program's main module. */
  readonly entry: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Node options, e.g. `--max-semi-space-size=32`. */
  readonly execArgv?: readonly string[];
  /** stdout and stderr are appended to this file; it is made, and rotated when it has grown large. */
  readonly logPath: string;
}

/** How a child ended. */
export interface ServiceExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A running child. It holds an IPC channel to us and is expected to exit when that breaks, so it never outlives us. */
export interface ServiceProcess {
  readonly name: string;
  readonly pid: number | undefined;
  /** Resolves when the child is gone; never rejects. */
  readonly exited: Promise<ServiceExit>;
  /** `undefined` while it runs. */
  readonly exit: ServiceExit | undefined;
  /** SIGTERM, and SIGKILL after `graceMs`. Resolves when the child is gone. */
  stop(graceMs: number): Promise<ServiceExit>;
  /** SIGKILL now. */
  kill(): void;
  /** The last `lines` lines that it has logged. */
  lastLogLines(lines: number): readonly string[];
}

class SpawnedService implements ServiceProcess {
  readonly name: string;
  readonly exited: Promise<ServiceExit>;
  readonly #child: ChildProcess;
  readonly #logPath: string;
  readonly #logStartBytes: number;
  #exit: ServiceExit | undefined;

  constructor(start: ServiceStart) {
    this.name = start.name;
    this.#logPath = start.logPath;
    const log = openLog(start.logPath);
    this.#logStartBytes = log.sizeBytes;
    this.#child = spawn(process.execPath, [...(start.execArgv ?? []), start.entry], {
      env: { ...start.env },
      stdio: ["ignore", log.fd, log.fd, "ipc"],
      // An own group: Ctrl-C in the terminal reaches the supervisor only, which then stops the children in order.
      detached: true,
    });
    closeSync(log.fd);
    // The channel is a life line, not a reason to stay alive.
    this.#child.channel?.unref();
    this.exited = new Promise((resolve) => {
      const settle = (exit: ServiceExit): void => {
        this.#exit ??= exit;
        resolve(this.#exit);
      };
      this.#child.once("exit", (code, signal) => settle({ code, signal }));
      this.#child.once("error", () => settle({ code: null, signal: null }));
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get exit(): ServiceExit | undefined {
    return this.#exit;
  }

  async stop(graceMs: number): Promise<ServiceExit> {
    if (this.#exit !== undefined) return this.#exit;
    this.#child.kill("SIGTERM");
    const cancel = new AbortController();
    const timedOut = sleep(graceMs, "timeout" as const, { signal: cancel.signal }).catch(() => "timeout" as const);
    const first = await Promise.race([this.exited, timedOut]);
    cancel.abort();
    if (first !== "timeout") return first;
    this.kill();
    return this.exited;
  }

  kill(): void {
    if (this.#exit === undefined) this.#child.kill("SIGKILL");
  }

  lastLogLines(lines: number): readonly string[] {
    return lastLines(this.#logPath, this.#logStartBytes, lines);
  }
}

/** Starts the child. A spawn failure shows as an immediate exit. */
export function startService(start: ServiceStart): ServiceProcess {
  return new SpawnedService(start);
}

import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PORTS } from "@nexent/monitor-core";

export const repositoryRoot = join(import.meta.dirname, "..", "..");

/** Variables of the tester's shell that would change what a program under test does. */
const NOT_INHERITED =
  /^(ENABLE_TELEMETRY|SERVICE_NAME|JAEGER_ENDPOINT|LLM_|OTEL_|GATEWAY_|UPSTREAM_|EXACT_|TELEMETRY_|NODE_OPTIONS|VITEST)/;

/** A real program of the product, started from `dist/`. */
export interface Program {
  readonly process: ChildProcess;
  /** Everything it printed so far. */
  output(): string;
  /** Resolves with the exit code (or the signal's name). */
  readonly exited: Promise<number | string>;
  /** Sends a signal (default SIGTERM) and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<number | string>;
}

/** Listeners that a test of the server does not ask about are on free ports, so that tests can run side by side. */
const SERVER_DEFAULTS = Object.fromEntries(Object.values(PORTS).map(({ variable }) => [variable, "0"]));

/** How a program is started. */
export interface StartOptions {
  /** Options of Node itself. */
  readonly nodeArgs?: readonly string[];
  /** A program and its arguments that starts Node, such as a tracer. */
  readonly under?: readonly string[];
}

/** Starts `node ...nodeArgs packages/<package>/dist/main.js ...args` with a clean environment plus `env`. */
export function startProgram(
  packageName: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  { nodeArgs = [], under = [] }: StartOptions = {},
): Program {
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !NOT_INHERITED.test(name)));
  const main = join(repositoryRoot, "packages", packageName, "dist", "main.js");
  const [command = process.execPath, ...rest] = [...under, process.execPath, ...nodeArgs, main, ...args];
  const child = spawn(command, rest, {
    cwd: repositoryRoot,
    env: { ...inherited, ...(packageName === "server" ? SERVER_DEFAULTS : {}), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  const collect = (chunk: Buffer): void => {
    text += chunk.toString("utf8");
  };
  child.stdout.on("data", collect);
  child.stderr.on("data", collect);
  const exited = new Promise<number | string>((resolve) => {
    child.on("exit", (code, signal) => resolve(code ?? signal ?? "unknown"));
  });
  return {
    process: child,
    output: () => text,
    exited,
    stop(signal = "SIGTERM") {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      return exited;
    },
  };
}

/** Polls `check` until it gives a value; fails with `what` and the program's output after `timeoutMs`. */
export async function eventually<T>(
  what: string,
  check: () => Promise<T | undefined>,
  options: { readonly timeoutMs?: number; readonly everyMs?: number; readonly program?: Program } = {},
): Promise<T> {
  const deadline = performance.now() + (options.timeoutMs ?? 15_000);
  let last: unknown;
  for (;;) {
    try {
      const value = await check();
      if (value !== undefined) return value;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) {
      throw new Error(`${what} did not happen in time\n${options.program?.output() ?? ""}`, { cause: last });
    }
    await new Promise((resolve) => setTimeout(resolve, options.everyMs ?? 25));
  }
}

/** Waits until `url` answers 200. */
export function answers(url: string, program?: Program): Promise<true> {
  return eventually(
    `${url} answering`,
    async () => ((await fetch(url)).ok ? true : undefined),
    program === undefined ? {} : { program },
  );
}

/** A temporary folder that is removed by `remove()`. */
export function temporaryFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), "nexent-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

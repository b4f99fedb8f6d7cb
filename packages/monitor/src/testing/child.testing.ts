import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** How a child process went. */
export interface ChildRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Milliseconds from the line `ready` on stdout to the exit; whole run without such a line. */
  readonly afterReadyMs: number;
}

const PACKAGE = fileURLToPath(new URL("../..", import.meta.url));

/** Runs a module text against the sources of this package, with nothing in the environment but `env`. */
export async function runChild(code: string, env: Record<string, string> = {}): Promise<ChildRun> {
  const args = ["--conditions=@nexent/source", "--import", "tsx", "--input-type=module", "--eval", code];
  const { PATH = "", TMPDIR = "/tmp", HOME = "/" } = process.env;
  const child = spawn(process.execPath, args, { cwd: PACKAGE, env: { PATH, TMPDIR, HOME, ...env } });
  let [stdout, stderr] = ["", ""];
  let sinceMs = performance.now();
  child.stdout.on("data", (chunk: Buffer) => {
    if (!stdout.includes("ready\n") && chunk.includes("ready\n")) sinceMs = performance.now();
    stdout += chunk.toString("utf8");
  });
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString("utf8")));
  const exitCode = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { code: exitCode, stdout: stdout.replace("ready\n", ""), stderr, afterReadyMs: performance.now() - sinceMs };
}

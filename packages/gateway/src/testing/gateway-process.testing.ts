/** The gateway as a real process, run from its sources. */
import { spawn, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { until } from "./raw-client.testing.ts";

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));
const START_MS = 20_000;

export interface GatewayProcess {
  readonly child: ChildProcess;
  /** Everything written to stdout and stderr. */
  output(): string;
  /** Lines of the log with this event. */
  events(event: string): Record<string, unknown>[];
  /** Waits for the line that names the port. */
  port(): Promise<number>;
  readonly exit: Promise<number | null>;
}

/** Starts a process on a free port; `env` is all of its environment. */
export function startGatewayProcess(env: Record<string, string>): GatewayProcess {
  const child = spawn(process.execPath, ["--conditions=@nexent/source", "--import", "tsx", MAIN], {
    env: { PATH: process.env["PATH"], GATEWAY_PORT: "0", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const collect = (chunk: Buffer): void => {
    output += chunk.toString();
  };
  child.stdout.on("data", collect);
  child.stderr.on("data", collect);
  const exit = new Promise<number | null>((resolve) => {
    child.on("exit", (code) => resolve(code));
  });
  function events(event: string): Record<string, unknown>[] {
    return output
      .split("\n")
      .filter((line) => line.includes(`"event":"${event}"`))
      .map((line): Record<string, unknown> => JSON.parse(line));
  }
  return {
    child,
    output: () => output,
    events,
    async port() {
      await until(() => events("listening").length > 0 || child.exitCode !== null, START_MS);
      const port = Number(events("listening")[0]?.["port"]);
      if (Number.isNaN(port)) throw new Error(output);
      return port;
    },
    exit,
  };
}

import { spawn } from "node:child_process";
import { once } from "node:events";
import { startExactServer } from "../../../packages/cli/src/exact-server/server.ts";
import { startGatewayProcess } from "./process.ts";

/** What an example did, and what the gateway saw of it. */
export interface ExampleRun {
  readonly code: unknown;
  readonly stdout: string;
  readonly stderr: string;
  readonly metrics: string;
}

/** Runs an example that asks once, through a real gateway, against the exact-schedule server. */
export async function runGatewayExample(command: string, args: readonly string[], cwd: string): Promise<ExampleRun> {
  const exact = await startExactServer();
  const gateway = await startGatewayProcess({
    yaml: `upstreams: { openai: { baseUrl: "${exact.baseUrl}" } }`,
    env: { ENABLE_TELEMETRY: "true", OTEL_TRACES_EXPORTER: "none" },
  });
  try {
    const { PATH = "", TMPDIR = "/tmp", HOME = "/" } = process.env;
    const env = { PATH, TMPDIR, HOME, GATEWAY_BASE_URL: `${gateway.origin}/v1`, MODEL: "exact" };
    const child = spawn(command, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString("utf8")));
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString("utf8")));
    const [code] = await once(child, "close");
    return { code, stdout, stderr, metrics: await gateway.metrics() };
  } finally {
    await gateway.stop();
    await exact.close();
  }
}

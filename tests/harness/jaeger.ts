import { spawn } from "node:child_process";
import { freePort } from "./ports.ts";
import { answers } from "./program.ts";

/** A real Jaeger (v1 all-in-one, memory storage) on loopback ports of its own. */
export interface RealJaeger {
  readonly queryUrl: string;
  readonly otlpUrl: string;
  readonly thriftUrl: string;
  stop(): Promise<void>;
}

/** Path of a Jaeger binary for tests beside the real thing; they are skipped without it. */
export const jaegerBinary = process.env["JAEGER_BINARY"];

/** Starts the binary and waits until its query service answers. */
export async function startJaeger(binary: string): Promise<RealJaeger> {
  const [query, otlp, thrift] = [await freePort(), await freePort(), await freePort()];
  const unused = await Promise.all(Array.from({ length: 4 }, freePort));
  const at = (port: number | undefined): string => `127.0.0.1:${port ?? 0}`;
  const child = spawn(
    binary,
    [
      `--query.http-server.host-port=${at(query)}`,
      `--collector.otlp.http.host-port=${at(otlp)}`,
      `--collector.http-server.host-port=${at(thrift)}`,
      `--query.grpc-server.host-port=${at(unused[0])}`,
      `--collector.otlp.grpc.host-port=${at(unused[1])}`,
      `--collector.grpc-server.host-port=${at(unused[2])}`,
      `--admin.http.host-port=${at(unused[3])}`,
    ],
    { stdio: "ignore", env: { ...process.env, SPAN_STORAGE_TYPE: "memory" } },
  );
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const queryUrl = `http://${at(query)}`;
  await answers(`${queryUrl}/api/services`);
  return {
    queryUrl,
    otlpUrl: `http://${at(otlp)}`,
    thriftUrl: `http://${at(thrift)}/api/traces`,
    async stop() {
      child.kill("SIGTERM");
      await exited;
    },
  };
}

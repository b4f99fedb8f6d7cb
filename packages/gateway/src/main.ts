/** `node packages/gateway/dist/main.js`: the gateway as a process. The environment is read here and nowhere else. */
import cluster from "node:cluster";
import { readFileSync } from "node:fs";
import { ERROR_CODES, MonitorError } from "@nexent/monitor-core";
import { readGatewayConfig, type GatewayConfig } from "./config/config.ts";
import type { Environment } from "./config/environment.ts";
import { warnIfExposed } from "./exposure.ts";
import { createProcessLog, type ProcessLog } from "./log.ts";
import { runGateway } from "./run-gateway.ts";
import { stopOnSignals } from "./stop-signals.ts";
import { createWorkerPool } from "./workers/pool.ts";
import { createWorkerLink, type WorkerLink } from "./workers/worker-link.ts";

/** Variables that would send requests elsewhere in other programs; here only the configuration does. */
const PROXY_VARIABLES = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];
/** Beyond the drain limit a worker still flushes its spans. */
const WORKER_FLUSH_MS = 3_000;

function ownVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  const named =
    typeof manifest === "object" && manifest !== null && "version" in manifest ? manifest.version : undefined;
  return typeof named === "string" ? named : "unknown";
}

function exitCodeOf(error: MonitorError): number {
  const definition = ERROR_CODES[error.code];
  return "exitCode" in definition ? definition.exitCode : 1;
}

/** Message and remedy on stderr, exit code from the error table. */
function fail(error: unknown): never {
  if (!(error instanceof MonitorError)) throw error;
  process.stderr.write(`${error.message}\n${error.hint === undefined ? "" : `hint: ${error.hint}\n`}`);
  process.exit(exitCodeOf(error));
}

/** The channel to the primary; undefined when this process is no worker. */
function linkToPrimary(): WorkerLink | undefined {
  const { worker } = cluster;
  if (worker === undefined) return undefined;
  return createWorkerLink(worker.id, {
    // Without a primary nobody asks; the process is about to end.
    send: (message) => void process.send?.(message, undefined, undefined, () => undefined),
    onMessage: (listener) => void process.on("message", listener),
  });
}

async function runPrimary(config: GatewayConfig, logging: ProcessLog): Promise<void> {
  const { workers: size, drainTimeoutMs, host } = config;
  const pool = createWorkerPool({ size, drainMs: drainTimeoutMs + WORKER_FLUSH_MS, log: logging.log });
  const started = await pool.start();
  if (started.status === "failed") {
    await logging.flush();
    process.exit(started.exitCode);
  }
  stopOnSignals({ logging, drain: () => pool.drain() });
  warnIfExposed(config, logging.log);
  const upstreams = config.upstreams.map(({ name, prefix, provider }) => ({ name, prefix, provider }));
  logging.log.info({ event: "listening", host, port: started.port, workers: size, upstreams }, "listening");
}

async function main(env: Environment): Promise<void> {
  const config = readGatewayConfig(env);
  const link = linkToPrimary();
  const logging = createProcessLog(config, link?.worker);
  const ignored = PROXY_VARIABLES.filter((name) => (env[name] ?? "") !== "");
  if (ignored.length > 0 && link === undefined)
    logging.log.warn({ event: "proxy_ignored", variables: ignored }, "outgoing proxies are not supported");
  try {
    if (config.workers > 1 && link === undefined) await runPrimary(config, logging);
    else await runGateway({ config, env, version: ownVersion(), logging, ...(link !== undefined && { link }) });
  } finally {
    // What keeps it from starting ends the process; warnings before it may explain why.
    await logging.flush();
  }
}

main(process.env).catch(fail);

/** `node packages/gateway/dist/main.js`: the gateway as a process. The environment is read here and nowhere else. */
import { readFileSync } from "node:fs";
import { ERROR_CODES, MonitorError } from "@nexent/monitor-core";
import { pino, type Logger } from "pino";
import { readGatewayConfig } from "./config/config.ts";
import type { Environment } from "./config/environment.ts";
import { createGateway, type Gateway } from "./server.ts";
import { startMonitoring, type StartedMonitoring } from "./start-monitoring.ts";

/** Variables that would send requests elsewhere in other programs; here only the configuration does. */
const PROXY_VARIABLES = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];

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

async function stop(gateway: Gateway, telemetry: StartedMonitoring, log: Logger): Promise<void> {
  await gateway.close();
  telemetry.monitoring?.recorder.close();
  await telemetry.monitoring?.backend.shutdown(telemetry.config.shutdownTimeoutMs);
  log.info({ event: "stopped" }, "stopped");
}

function stopOnSignals(gateway: Gateway, telemetry: StartedMonitoring, log: Logger): void {
  let stopping = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (stopping) process.exit(1);
    stopping = true;
    log.info(
      { event: "draining", signal, open_requests: gateway.openRequests },
      "draining; a second signal ends at once",
    );
    stop(gateway, telemetry, log).then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ event: "stop_failed", reason: String(error) }, "stop failed");
        process.exit(1);
      },
    );
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
  // Only a supervisor opens this channel; when it is gone, so are we.
  process.once("disconnect", () => {
    if (!stopping) onSignal("SIGTERM");
  });
}

async function main(env: Environment): Promise<void> {
  const config = readGatewayConfig(env);
  const log = pino({ name: "gateway", level: config.logLevel });
  const telemetry = startMonitoring(env, ownVersion());
  for (const warning of telemetry.warnings) log.warn({ event: "telemetry_warning" }, warning);
  const ignored = PROXY_VARIABLES.filter((name) => (env[name] ?? "") !== "");
  if (ignored.length > 0)
    log.warn({ event: "proxy_ignored", variables: ignored }, "outgoing proxies are not supported");
  const { monitoring } = telemetry;
  const gateway = createGateway({ config, log, ...(monitoring !== undefined && { monitoring }) });
  const port = await gateway.listen();
  stopOnSignals(gateway, telemetry, log);
  const upstreams = config.upstreams.map(({ name, prefix, provider }) => ({ name, prefix, provider }));
  log.info(
    { event: "listening", host: config.host, port, telemetry: telemetry.config.enabled, upstreams },
    "listening",
  );
}

main(process.env).catch(fail);

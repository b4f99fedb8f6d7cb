/** One gateway process, from its settings to its end: the whole gateway, or one of its workers. */
import type { GatewayConfig } from "./config/config.ts";
import type { Environment } from "./config/environment.ts";
import type { ProcessLog } from "./log.ts";
import { createGateway, type Gateway } from "./server.ts";
import { startMonitoring, type StartedMonitoring } from "./start-monitoring.ts";
import { stopOnSignals } from "./stop-signals.ts";
import type { WorkerLink } from "./workers/worker-link.ts";

/** What a process is started with. */
export interface GatewayProcess {
  readonly config: GatewayConfig;
  readonly env: Environment;
  readonly version: string;
  readonly logging: ProcessLog;
  /** Absent: this process is the whole gateway. */
  readonly link?: WorkerLink;
}

/** Limits hold for the gateway as a whole; each worker has its share, as connections go round. */
function shareOf(config: GatewayConfig): GatewayConfig {
  return { ...config, openRequests: Math.max(1, Math.floor(config.openRequests / config.workers)) };
}

/** Says what an operator should know of the settings; once, however many workers there are. */
function tellSettings({ config, logging, link }: GatewayProcess, { monitoring }: StartedMonitoring): void {
  if (link !== undefined && link.worker > 1) return;
  const aborting = config.upstreams.filter(({ stall }) => stall === "abort").map(({ name }) => name);
  if (monitoring === undefined && aborting.length > 0) {
    logging.log.warn({ event: "stalls_unseen", upstreams: aborting }, "without ENABLE_TELEMETRY no stall is seen");
  }
}

function start(options: GatewayProcess): { readonly gateway: Gateway; readonly telemetry: StartedMonitoring } {
  const { config, env, version, logging, link } = options;
  const { log } = logging;
  const telemetry = startMonitoring({
    env,
    version,
    warn: (message) => log.warn({ event: "telemetry_warning" }, message),
    ...(link !== undefined && { worker: link.worker }),
  });
  const { monitoring } = telemetry;
  const gateway = createGateway({
    config: link === undefined ? config : shareOf(config),
    log,
    ...(monitoring !== undefined && { monitoring }),
    ...(link !== undefined && { siblings: link.siblings }),
  });
  telemetry.exportMetrics(gateway.exposition);
  return { gateway, telemetry };
}

/**
 * Runs until a signal, the order of the primary, or the end of the supervisor.
 * @throws {CONFIG_INVALID} {PORT_IN_USE} when it cannot start.
 */
export async function runGateway(options: GatewayProcess): Promise<void> {
  const { config, logging, link } = options;
  const { log } = logging;
  const { gateway, telemetry } = start(options);
  link?.serve(gateway);
  const port = await gateway.listen();
  tellSettings(options, telemetry);
  const stop = stopOnSignals({
    logging,
    openRequests: () => gateway.openRequests,
    async drain() {
      await gateway.close();
      await telemetry.stop();
      return true;
    },
  });
  link?.onDrain(stop);
  const { host } = config;
  const upstreams = config.upstreams.map(({ name, prefix, provider }) => ({ name, prefix, provider }));
  // The primary tells the same for all of its workers.
  if (link !== undefined) log.debug({ event: "worker_listening", port }, "listening");
  else log.info({ event: "listening", host, port, telemetry: telemetry.config.enabled, upstreams }, "listening");
}

import { ERROR_CODES, MonitorError, type ErrorDefinition } from "@nexent/monitor-core";
import { readServerConfig } from "./config.ts";
import { createLogger } from "./self/logger.ts";
import { startServer } from "./server.ts";

/** Exit codes outside the error table: a fault of ours, and the second signal. */
const EXIT_SOFTWARE = 70;
const EXIT_INTERRUPTED = 130;

function exitCodeOf(error: unknown): number {
  if (!(error instanceof MonitorError)) return EXIT_SOFTWARE;
  const definition: ErrorDefinition = ERROR_CODES[error.code];
  return definition.exitCode ?? EXIT_SOFTWARE;
}

/** Message and remedy, without a stack: the reader is the person who started us. */
function explain(error: unknown): string {
  if (!(error instanceof MonitorError)) return error instanceof Error ? (error.stack ?? error.message) : String(error);
  return error.hint === undefined ? error.message : `${error.message}\n${error.hint}`;
}

async function main(): Promise<void> {
  const config = readServerConfig(process.env);
  const log = createLogger();
  if (config.failpoint !== undefined) log.warn("failpoint_armed", { ...config.failpoint });
  const server = await startServer(config, { log });
  let stopping = false;
  const onSignal = (): void => {
    // The second signal means now.
    if (stopping) process.exit(EXIT_INTERRUPTED);
    stopping = true;
    log.info("server_stopping");
    void server.stop().then(() => process.exit(0));
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${explain(error)}\n`);
  process.exit(exitCodeOf(error));
}

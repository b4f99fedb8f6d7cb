import { ERROR_CODES, MonitorError, type ErrorDefinition } from "@nexent/monitor-core";
import { readServerConfig } from "./config.ts";
import { createLogger } from "./self/logger.ts";
import { startServer, type RunningServer } from "./server.ts";

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
  let server: RunningServer | undefined;
  let stopping = false;
  const end = (exitCode: number): void => {
    stopping = true;
    log.info("server_stopping");
    void (server?.stop() ?? Promise.resolve()).then(() => process.exit(exitCode));
  };
  const onFailure = (error: MonitorError): void => {
    process.stderr.write(`${explain(error)}\n`);
    if (!stopping) end(exitCodeOf(error));
  };
  server = await startServer(config, { log, onFailure });
  const onSignal = (): void => {
    // The second signal means now.
    if (stopping) process.exit(EXIT_INTERRUPTED);
    end(0);
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
  // Only a supervisor opens this channel; when it is gone, so are we.
  process.once("disconnect", () => {
    if (!stopping) onSignal();
  });
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${explain(error)}\n`);
  process.exit(exitCodeOf(error));
}

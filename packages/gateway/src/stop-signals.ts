import type { ProcessLog } from "./log.ts";

/** How a process ends. */
export interface Stoppable {
  readonly logging: ProcessLog;
  readonly openRequests?: () => number;
  /** Finishes what runs; false: it had to be broken off by force. */
  readonly drain: () => Promise<boolean>;
}

/**
 * Drains on SIGTERM, SIGINT or the end of the supervisor, then ends the process. A second signal ends it at once.
 * @returns drains without a signal; does nothing when that is under way.
 */
export function stopOnSignals({ logging, openRequests, drain }: Stoppable): () => void {
  const { log, flush } = logging;
  let stopping = false;
  const end = (code: number): Promise<never> => flush().then(() => process.exit(code));
  function stop(fields: { readonly signal?: NodeJS.Signals } = {}): void {
    stopping = true;
    const open = openRequests === undefined ? {} : { open_requests: openRequests() };
    log.info({ event: "draining", ...fields, ...open }, "draining; a second signal ends at once");
    void drain().then(
      (clean) => {
        log.info({ event: "stopped" }, "stopped");
        return end(clean ? 0 : 1);
      },
      (error: unknown) => {
        log.error({ event: "stop_failed", reason: String(error) }, "stop failed");
        return end(1);
      },
    );
  }
  function onSignal(signal: NodeJS.Signals): void {
    if (stopping) process.exit(1);
    stop({ signal });
  }
  const stopOnce = (): void => {
    if (!stopping) stop();
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
  // Only a supervisor, or the primary, opens this channel; when it is gone, so are we.
  process.once("disconnect", stopOnce);
  return stopOnce;
}

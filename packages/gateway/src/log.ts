/** The gateway's log: JSON lines on stdout. */
import { LIMITS } from "@nexent/monitor-core";
import { pino, type Logger } from "pino";
import type { GatewayConfig } from "./config/config.ts";

/** A log and its end. */
export interface ProcessLog {
  readonly log: Logger;
  /** Writes what is still held; to be called before the process ends. */
  readonly flush: () => void;
}

/**
 * A log that never waits for its reader: lines are held, up to 1 MiB, while stdout takes none, and dropped beyond it. A
 * stuck log collector must not stop a stream.
 */
export function createProcessLog(config: Pick<GatewayConfig, "logLevel">, worker?: number): ProcessLog {
  const destination = pino.destination({ fd: 1, sync: false, maxLength: LIMITS.gatewayLogBytes });
  // Whoever read our output is gone; that is no reason to end the streams.
  destination.on("error", () => undefined);
  const log = pino({ name: "gateway", level: config.logLevel }, destination);
  return {
    log: worker === undefined ? log : log.child({ worker }),
    flush() {
      try {
        destination.flushSync();
      } catch {
        // Nothing is left that could be told, nor anybody to tell it to.
      }
    },
  };
}

/** The gateway's log: JSON lines on stdout, which never wait for whoever reads them. */
import { createWriteStream, fstatSync } from "node:fs";
import { Socket } from "node:net";
import type { Writable } from "node:stream";
import { LIMITS } from "@nexent/monitor-core";
import { pino, type Logger } from "pino";
import type { GatewayConfig } from "./config/config.ts";

/** A log and its end. */
export interface ProcessLog {
  readonly log: Logger;
  /** Waits until what is held has been written, half a second at most; to be called before the process ends. */
  readonly flush: () => Promise<void>;
}

const STDOUT = 1;
const FLUSH_MS = 500;

/**
 * Stdout as a stream that queues. `process.stdout` would do on files and terminals, but on a pipe it waits for the reader,
 * and a write by file descriptor would hold a thread of the pool until the process is killed.
 */
function openStdout(): Writable {
  const stats = fstatSync(STDOUT);
  if (!stats.isFIFO() && !stats.isSocket()) return createWriteStream("", { fd: STDOUT, autoClose: false });
  const socket = new Socket({ fd: STDOUT, readable: false, writable: true });
  // A log is no reason to stay alive.
  socket.unref();
  return socket;
}

/**
 * A log that holds up to 1 MiB while stdout takes nothing, drops lines beyond it, and says how many when it flows again: a
 * stuck log collector must not stop a stream.
 */
export function createProcessLog(config: Pick<GatewayConfig, "logLevel">, worker?: number): ProcessLog {
  const stdout = openStdout();
  let dropped = 0;
  const destination = {
    write(line: string): void {
      if (stdout.writableLength + line.length > LIMITS.gatewayLogBytes) dropped += 1;
      else if (!stdout.destroyed) stdout.write(line);
    },
  };
  const root = pino({ name: "gateway", level: config.logLevel }, destination);
  const log = worker === undefined ? root : root.child({ worker });
  // Whoever read our output is gone; that is no reason to end the streams.
  stdout.on("error", () => undefined);
  stdout.on("drain", () => {
    if (dropped === 0) return;
    const lines = dropped;
    dropped = 0;
    log.warn({ event: "log_lines_dropped", lines }, "the log was not read fast enough");
  });
  return {
    log,
    async flush() {
      if (stdout.destroyed || stdout.writableLength === 0) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, FLUSH_MS);
        stdout.write("", () => {
          clearTimeout(timer);
          resolve();
        });
      });
    },
  };
}

import { pino, type LoggerOptions } from "pino";
import type { Log, LogFields } from "../log.ts";

/** Fields that must never be printed, whatever a caller passes. */
const SECRET_FIELDS: readonly string[] = ["authorization", "cookie", "password", "token", "csrf", "apiKey", "body"];

/** Where lines go; default stdout. */
interface LogDestination {
  write(line: string): void;
}

/** JSON lines, `event` in snake_case. Control characters are escaped by JSON itself. */
export function createLogger(destination?: LogDestination): Log {
  const options: LoggerOptions = {
    base: { program: "server" },
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: [...SECRET_FIELDS], censor: "[redacted]" },
  };
  const logger = destination === undefined ? pino(options) : pino(options, destination);
  return {
    info: (event: string, fields: LogFields = {}) => logger.info({ event, ...fields }),
    warn: (event: string, fields: LogFields = {}) => logger.warn({ event, ...fields }),
    error: (event: string, fields: LogFields = {}) => logger.error({ event, ...fields }),
  };
}

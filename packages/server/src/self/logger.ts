import { pino } from "pino";
import type { Log, LogFields } from "../log.ts";

/** Fields that must never be printed, whatever a caller passes. */
const SECRET_FIELDS: readonly string[] = ["authorization", "cookie", "password", "token", "csrf", "apiKey", "body"];

/** JSON lines on stdout, `event` in snake_case. Control characters are escaped by JSON itself. */
export function createLogger(level = "info"): Log {
  const logger = pino({
    level,
    base: { program: "server" },
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: [...SECRET_FIELDS], censor: "[redacted]" },
  });
  return {
    info: (event: string, fields: LogFields = {}) => logger.info({ event, ...fields }),
    warn: (event: string, fields: LogFields = {}) => logger.warn({ event, ...fields }),
    error: (event: string, fields: LogFields = {}) => logger.error({ event, ...fields }),
  };
}

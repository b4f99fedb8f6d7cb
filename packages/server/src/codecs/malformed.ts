import { MonitorError } from "@nexent/monitor-core";

/** A payload nobody can read: 400, not retryable. The message never repeats payload bytes. */
export function malformed(message: string, cause?: unknown): MonitorError {
  return new MonitorError("PAYLOAD_MALFORMED", message, cause === undefined ? {} : { cause });
}

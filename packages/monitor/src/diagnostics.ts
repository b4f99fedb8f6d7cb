const told = new Set<string>();
let silent = false;

/** `OTEL_LOG_LEVEL` of `error` or `none` asks for no warnings. */
export function silenceWarnings(asked: boolean): void {
  silent = asked;
}

/**
 * Tells the operator something. Goes through Node's warning channel: visible by default, silenced by `--no-warnings`,
 * caught by `process.on("warning")`; never stdout.
 */
function warn(message: string): void {
  if (!silent) process.emitWarning(message, { type: "NexentMonitorWarning" });
}

/** Tells the operator something, once per message. */
export function warnOnce(message: string): void {
  if (told.has(message) || told.size > 100) return;
  told.add(message);
  warn(message);
}

export interface LogLimiterOptions {
  readonly intervalMs: number;
  readonly write: (message: string) => void;
  /** Monotonic clock; default `performance.now`. */
  readonly nowMs?: () => number;
}

/** Writes the first message and then at most one per interval; those in between are not kept. */
export function createLogLimiter({
  intervalMs,
  write,
  nowMs = () => performance.now(),
}: LogLimiterOptions): (message: string) => void {
  let nextMs = -Infinity;
  return (message) => {
    const now = nowMs();
    if (now < nextMs) return;
    nextMs = now + intervalMs;
    write(message);
  };
}

/** Trouble that lasts, such as a receiver that is away: one line a minute for the whole process, whatever it is about. */
export const warnOfTrouble = createLogLimiter({ intervalMs: 60_000, write: warn });

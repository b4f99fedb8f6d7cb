const told = new Set<string>();

/**
 * Tells the operator something, once per message. Goes through Node's warning channel: visible by default, silenced by
 * `--no-warnings`, caught by `process.on("warning")`; never stdout.
 */
export function warnOnce(message: string): void {
  if (told.has(message) || told.size > 100) return;
  told.add(message);
  process.emitWarning(message, { type: "NexentMonitorWarning" });
}

/** Fields of a log line. Prompts, completions, keys and payload bytes never go in here. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Structured log of the server: one event name in snake_case, then fields. */
export interface Log {
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
}

/** Says nothing; for tests and embedding. */
export const silentLog: Log = { info: () => {}, warn: () => {}, error: () => {} };

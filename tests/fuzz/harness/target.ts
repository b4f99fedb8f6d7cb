import { MonitorError } from "@nexent/monitor-core";

/** Something that takes bytes from strangers, and what must hold whatever they are. */
export interface FuzzTarget {
  /** Good inputs, from real encoders. */
  readonly seeds: () => readonly Uint8Array[];
  /** Tokens that mean something to it, besides the common ones. */
  readonly dictionary?: readonly (string | Uint8Array)[];
  /** Throws what makes the input a find. */
  readonly run: (input: Uint8Array) => void | Promise<void>;
}

/** Stands in seeds wherever content may stand; no error message may repeat it. */
export const CANARY = "CANARY7f3a";

/** An answer that differs from what it has to be. */
export class OracleError extends Error {
  override readonly name = "OracleError";
}

/** @throws OracleError unless the condition holds. */
export function must(condition: boolean, what: string): asserts condition {
  if (!condition) throw new OracleError(what);
}

/** Codes with which a payload may be refused. */
const REFUSALS: readonly string[] = ["PAYLOAD_MALFORMED", "PAYLOAD_TOO_LARGE"];

/** The result, or `undefined` when the input is refused as it should be: with a typed error that repeats nothing of it. */
export function orRefused<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof MonitorError) || !REFUSALS.includes(error.code)) throw error;
    must(!error.message.includes(CANARY.slice(0, 6)), "an error message repeats content");
    return undefined;
  }
}

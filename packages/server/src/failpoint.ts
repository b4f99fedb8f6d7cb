import type { Failpoint } from "./config.ts";

/** Called by the store at its named points. */
export type FailpointHook = (name: string) => void;

/**
 * A hook that ends the process at the n-th pass of a named point, as a crash would: no handler runs, nothing is flushed.
 * For tests only; the configuration refuses it on addresses others can reach.
 */
export function createFailpointHook(
  failpoint: Failpoint | undefined,
  kill: () => void = () => void process.kill(process.pid, "SIGKILL"),
): FailpointHook | undefined {
  if (failpoint === undefined) return undefined;
  let passes = 0;
  return (name) => {
    if (name !== failpoint.name) return;
    passes++;
    if (passes === failpoint.pass) kill();
  };
}

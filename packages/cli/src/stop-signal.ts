/** A pending wait for Ctrl-C or SIGTERM. */
export interface StopSignals {
  /** Aborted by the first signal. */
  readonly first: AbortSignal;
  /** Aborted by the second one: stop at once. */
  readonly second: AbortSignal;
  /** Gives the signals back to the process. */
  dispose(): void;
}

/** Listens to SIGINT, SIGTERM and SIGHUP; the default action (exit at once) is off until `dispose`. */
export function listenForStopSignals(): StopSignals {
  const first = new AbortController();
  const second = new AbortController();
  const onSignal = (): void => {
    if (first.signal.aborted) second.abort();
    else first.abort();
  };
  const names = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const name of names) process.on(name, onSignal);
  return {
    first: first.signal,
    second: second.signal,
    dispose() {
      for (const name of names) process.off(name, onSignal);
    },
  };
}

/** Resolves with the first SIGINT, SIGTERM or SIGHUP. */
export async function waitForStopSignal(): Promise<void> {
  const signals = listenForStopSignals();
  await aborted(signals.first);
  signals.dispose();
}

/** Resolves when `signal` is aborted. */
export async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

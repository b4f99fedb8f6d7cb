/** Something that is over when nobody has touched it for long: a stream that was handed over and is not read. */
export interface Idle {
  /** Monotonic ms of the last touch; undefined while somebody waits for it right now. */
  readonly idleSinceMs: number | undefined;
  abandon(): void;
}

/** Ends what is idle too long. The collector alone will not do: garbage collection has no bound in time. */
export interface IdleSweep {
  watch(stream: Idle): void;
  forget(stream: Idle): void;
  stop(): void;
}

/** One timer for all streams; it runs only while there are some and keeps no process alive. */
export function createIdleSweep(limitMs: number): IdleSweep {
  const streams = new Set<Idle>();
  let timer: NodeJS.Timeout | undefined;
  const everyMs = Math.min(30_000, Math.max(50, limitMs / 4));

  function stop(): void {
    clearInterval(timer);
    timer = undefined;
  }

  function sweep(): void {
    const now = performance.now();
    for (const stream of streams) {
      if (stream.idleSinceMs === undefined || now - stream.idleSinceMs < limitMs) continue;
      streams.delete(stream);
      stream.abandon();
    }
    if (streams.size === 0) stop();
  }

  return {
    watch(stream) {
      streams.add(stream);
      if (timer !== undefined) return;
      timer = setInterval(sweep, everyMs);
      timer.unref();
    },
    forget(stream) {
      streams.delete(stream);
      if (streams.size === 0) stop();
    },
    stop,
  };
}

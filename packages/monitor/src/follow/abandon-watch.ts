/** A result that was handed over and may never be read to its end. */
export interface Unread {
  /** Monotonic ms of the last touch; undefined while somebody waits for it right now. */
  readonly idleSinceMs: number | undefined;
  /** Ends its call as `abandoned`. */
  abandon(): void;
}

/**
 * Ends the calls of results that nobody reads: at once when the collector finds them, else after the idle limit, since
 * garbage collection has no bound in time.
 */
export interface AbandonWatch {
  /** `unread` must not reach `target`, or it could never be collected. */
  watch(unread: Unread, target: object): void;
  /** From now on `target` carries the reading: an iterator outlives the stream it came from. */
  move(unread: Unread, target: object): void;
  forget(unread: Unread): void;
  stop(): void;
}

/** One timer for all results; it runs only while there are some and keeps no process alive. */
export function createAbandonWatch(limitMs: number): AbandonWatch {
  const unreads = new Set<Unread>();
  const collected = new FinalizationRegistry<Unread>(abandon);
  const everyMs = Math.min(30_000, Math.max(50, limitMs / 4));
  let timer: NodeJS.Timeout | undefined;

  function abandon(unread: Unread): void {
    forget(unread);
    unread.abandon();
  }

  /** The timer stops itself: streams one after the other must not start and stop it each time. */
  function sweep(): void {
    if (unreads.size === 0) stop();
    const now = performance.now();
    for (const unread of unreads) {
      if (unread.idleSinceMs !== undefined && now - unread.idleSinceMs >= limitMs) abandon(unread);
    }
  }

  function forget(unread: Unread): void {
    collected.unregister(unread);
    unreads.delete(unread);
  }

  function stop(): void {
    clearInterval(timer);
    timer = undefined;
  }

  return {
    watch(unread, target) {
      unreads.add(unread);
      collected.register(target, unread, unread);
      if (timer !== undefined) return;
      timer = setInterval(sweep, everyMs);
      timer.unref();
    },
    move(unread, target) {
      if (!unreads.has(unread)) return;
      collected.unregister(unread);
      collected.register(target, unread, unread);
    },
    forget,
    stop,
  };
}

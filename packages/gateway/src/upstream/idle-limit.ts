/** Opt-in limit on the silence between two body reads of one answer (`streamIdleTimeoutMs`). */
export interface IdleLimit {
  /** Bytes have come, or the head. */
  touch(): void;
  /** The relay stopped reading: silence is not the upstream's now. */
  pause(): void;
  stop(): void;
}

const NO_LIMIT: IdleLimit = { touch: () => undefined, pause: () => undefined, stop: () => undefined };

/** A limit that calls `onIdle` once after `timeoutMs` of silence; 0 = never. It starts with the first `touch`. */
export function createIdleLimit(timeoutMs: number, onIdle: () => void): IdleLimit {
  if (timeoutMs <= 0) return NO_LIMIT;
  let timer: NodeJS.Timeout | undefined;
  const stop = (): void => {
    clearTimeout(timer);
    timer = undefined;
  };
  return {
    touch() {
      if (timer === undefined) timer = setTimeout(onIdle, timeoutMs);
      else timer.refresh();
    },
    pause: stop,
    stop,
  };
}

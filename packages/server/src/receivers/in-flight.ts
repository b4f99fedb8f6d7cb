/** Bytes of bodies that are being read or decoded now, with a cap over all requests. */
export interface InFlight {
  /** Takes bytes; `false` when the cap is reached, nothing is taken then. A lone request always fits. */
  take(bytes: number): boolean;
  release(bytes: number): void;
  readonly bytes: number;
}

/** @param maxBytes cap over all open requests. */
export function createInFlight(maxBytes: number): InFlight {
  let held = 0;
  return {
    get bytes() {
      return held;
    },
    take(bytes) {
      if (held > 0 && held + bytes > maxBytes) return false;
      held += bytes;
      return true;
    },
    release(bytes) {
      held -= bytes;
    },
  };
}

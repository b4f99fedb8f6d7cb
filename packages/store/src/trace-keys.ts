const TRACE_DIGITS = 32;

/** Identities of spans by their trace. */
export interface TraceKeys {
  add(key: string): void;
  remove(key: string): void;
  of(traceId: string): Iterable<string>;
}

/** An empty set. Most traces have one span or two at a time: those of a single one need no set of their own. */
export function createTraceKeys(): TraceKeys {
  const traces = new Map<string, string | Set<string>>();
  return {
    add(key) {
      const traceId = key.slice(0, TRACE_DIGITS);
      const known = traces.get(traceId);
      if (known === undefined) traces.set(traceId, key);
      else if (typeof known !== "string") known.add(key);
      else if (known !== key) traces.set(traceId, new Set([known, key]));
    },
    remove(key) {
      const traceId = key.slice(0, TRACE_DIGITS);
      const known = traces.get(traceId);
      if (known === key) traces.delete(traceId);
      else if (known instanceof Set && known.delete(key) && known.size === 0) traces.delete(traceId);
    },
    of(traceId) {
      const known = traces.get(traceId) ?? [];
      return typeof known === "string" ? [known] : known;
    },
  };
}

import type { KeepReason } from "./keep-reason.ts";

export interface KeptTracesOptions {
  /** Traces remembered at most; beyond it the oldest is forgotten. */
  readonly maxTraces: number;
  readonly rememberMs: number;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
}

/**
 * Traces that were kept a short while ago, for spans that end late. A trace that was not kept needs no memory: whatever
 * is not remembered is not kept.
 */
export interface KeptTraces {
  remember(traceId: string, reason: KeepReason): void;
  /** Why the trace was kept; undefined when it was not, or too long ago. */
  reasonOf(traceId: string): KeepReason | undefined;
}

export function createKeptTraces({ maxTraces, rememberMs, nowMs }: KeptTracesOptions): KeptTraces {
  /** Oldest first. */
  const kept = new Map<string, { readonly reason: KeepReason; readonly atMs: number }>();

  return {
    remember(traceId, reason) {
      kept.delete(traceId);
      kept.set(traceId, { reason, atMs: nowMs() });
      if (kept.size <= maxTraces) return;
      for (const oldest of kept.keys()) {
        kept.delete(oldest);
        break;
      }
    },
    reasonOf(traceId) {
      const found = kept.get(traceId);
      if (found === undefined) return undefined;
      if (nowMs() - found.atMs <= rememberMs) return found.reason;
      kept.delete(traceId);
      return undefined;
    },
  };
}

/** Holds the spans of traces that were not sampled until it is known whether something in them is worth keeping. */
import { firstReason, type KeepReason } from "./keep-reason.ts";
import { createKeptTraces, type KeptTraces } from "./kept-traces.ts";

/** Which bound made a trace fall back to its head decision; label of `nexent_monitor_traces_evicted`. */
export type EvictionReason = "traces" | "spans" | "age";

export interface TraceBufferOptions<Span> {
  /** Traces that wait at once. */
  readonly maxTraces: number;
  /** Ended spans of one waiting trace. */
  readonly maxSpans: number;
  /** Ended spans of all waiting traces in bytes, as `sizeOf` says; beyond it the oldest traces go. */
  readonly maxBytes: number;
  readonly maxAgeMs: number;
  readonly sizeOf: (span: Span) => number;
  /** Takes the spans that are to be exported. */
  readonly keep: (span: Span, reason: KeepReason) => void;
  /** A trace is kept; once per trace. */
  readonly onKept?: (reason: KeepReason) => void;
  readonly onEvicted?: (reason: EvictionReason) => void;
  /** Traces that wait now. */
  readonly onWaiting?: (count: number) => void;
  /** Monotonic milliseconds; default `performance.now`. */
  readonly nowMs?: () => number;
}

/** An ended span of a trace that was not head-sampled. */
export interface EndedSpan<Span> {
  readonly traceId: string;
  readonly spanId: string;
  readonly span: Span;
  /** This span alone demands that its trace is kept. */
  readonly reason: KeepReason | undefined;
}

/**
 * Tail decisions of one process (measurement contract 6). A trace waits from the start of its local root, or of an LLM
 * span in it, until none of these is open; then it is exported if one of its spans demanded it, else forgotten. A trace
 * that meets a bound is decided at once, by what has been demanded so far. A span that ends when its trace no longer
 * waits follows the decision of that trace, and is exported all the same if it demands it.
 */
export interface TraceBuffer<Span> {
  /** A local root or an LLM span starts. */
  open(traceId: string, spanId: string): void;
  /** Any span ends. */
  end(ended: EndedSpan<Span>): void;
  /** Decides every trace that waits, open or not; none waits any more afterwards. */
  close(): void;
}

interface WaitingTrace<Span> {
  readonly traceId: string;
  readonly sinceMs: number;
  /** Local roots and LLM spans that have not ended. */
  readonly open: Set<string>;
  readonly spans: Span[];
  bytes: number;
  reason: KeepReason | undefined;
}

/** How long late spans find the decision of their trace, and of how many traces. */
const REMEMBER_MS = 60_000;
const REMEMBERED_TRACES = 10_000;
const LONGEST_TICK_MS = 10_000;

class BoundedTraceBuffer<Span> implements TraceBuffer<Span> {
  readonly #options: TraceBufferOptions<Span>;
  readonly #nowMs: () => number;
  readonly #kept: KeptTraces;
  /** Oldest first. */
  readonly #waiting = new Map<string, WaitingTrace<Span>>();
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: TraceBufferOptions<Span>) {
    this.#options = options;
    this.#nowMs = options.nowMs ?? (() => performance.now());
    this.#kept = createKeptTraces({ maxTraces: REMEMBERED_TRACES, rememberMs: REMEMBER_MS, nowMs: this.#nowMs });
  }

  open(traceId: string, spanId: string): void {
    if (this.#closed) return;
    const trace = this.#waiting.get(traceId) ?? this.#startWaiting(traceId);
    // Spans that are opened and never ended are bounded too; their trace is then decided without them.
    if (trace.open.size < this.#options.maxSpans) trace.open.add(spanId);
  }

  end({ traceId, spanId, span, reason }: EndedSpan<Span>): void {
    const trace = this.#waiting.get(traceId);
    if (trace === undefined) return this.#endLate(traceId, span, reason);
    const bytes = this.#options.sizeOf(span);
    trace.spans.push(span);
    trace.bytes += bytes;
    this.#bytes += bytes;
    trace.reason = firstReason(trace.reason, reason);
    trace.open.delete(spanId);
    if (trace.open.size === 0) this.#decide(trace);
    else if (trace.spans.length > this.#options.maxSpans) this.#evict(trace, "spans");
    while (this.#bytes > this.#options.maxBytes && this.#evictOldest("spans"));
  }

  close(): void {
    this.#closed = true;
    for (const trace of this.#waiting.values()) this.#decide(trace);
    this.#stopTimer();
  }

  #startWaiting(traceId: string): WaitingTrace<Span> {
    const trace: WaitingTrace<Span> = {
      traceId,
      sinceMs: this.#nowMs(),
      open: new Set(),
      spans: [],
      bytes: 0,
      reason: this.#kept.reasonOf(traceId),
    };
    this.#waiting.set(traceId, trace);
    if (this.#waiting.size > this.#options.maxTraces) this.#evictOldest("traces");
    this.#changed();
    return trace;
  }

  #endLate(traceId: string, span: Span, reason: KeepReason | undefined): void {
    const kept = this.#kept.reasonOf(traceId);
    if (kept !== undefined) return this.#options.keep(span, kept);
    if (reason === undefined) return;
    this.#remember(traceId, reason);
    this.#options.keep(span, reason);
  }

  #decide(trace: WaitingTrace<Span>): void {
    this.#waiting.delete(trace.traceId);
    this.#bytes -= trace.bytes;
    this.#changed();
    const { reason } = trace;
    if (reason === undefined) return;
    this.#remember(trace.traceId, reason);
    for (const span of trace.spans) this.#options.keep(span, reason);
  }

  #remember(traceId: string, reason: KeepReason): void {
    if (this.#kept.reasonOf(traceId) === undefined) this.#options.onKept?.(reason);
    this.#kept.remember(traceId, reason);
  }

  #evict(trace: WaitingTrace<Span>, reason: EvictionReason): void {
    this.#options.onEvicted?.(reason);
    this.#decide(trace);
  }

  /** False when nothing waits. */
  #evictOldest(reason: EvictionReason): boolean {
    for (const oldest of this.#waiting.values()) {
      this.#evict(oldest, reason);
      return true;
    }
    return false;
  }

  #expire(): void {
    const oldestMs = this.#nowMs() - this.#options.maxAgeMs;
    for (const trace of this.#waiting.values()) {
      if (trace.sinceMs > oldestMs) return;
      this.#evict(trace, "age");
    }
  }

  /** The timer runs only while traces wait, stops itself, and keeps no process alive. */
  #changed(): void {
    this.#options.onWaiting?.(this.#waiting.size);
    if (this.#timer !== undefined || this.#waiting.size === 0) return;
    const tick = (): void => {
      this.#expire();
      if (this.#waiting.size === 0) this.#stopTimer();
    };
    this.#timer = setInterval(tick, Math.min(this.#options.maxAgeMs, LONGEST_TICK_MS));
    this.#timer.unref();
  }

  #stopTimer(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

/** An empty buffer. */
export function createTraceBuffer<Span>(options: TraceBufferOptions<Span>): TraceBuffer<Span> {
  return new BoundedTraceBuffer(options);
}

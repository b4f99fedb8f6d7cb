import { LIMITS } from "@nexent/monitor-core";

/** Why a span is turned away for good; a closed list, also a label. */
const REJECT_REASONS = {
  trace_id: "trace id is not 16 bytes, or zero",
  span_id: "span id is not 8 bytes, or zero",
  parent_id: "parent span id is not 8 bytes",
  start_missing: "start time is missing",
  start_future: "start time is more than one hour in the future",
  start_old: "start time is older than a year",
  end_before_start: "end time is before the start time",
  end_future: "end time is more than one hour in the future",
  store: "the store refused the record",
} as const;
export type RejectReason = keyof typeof REJECT_REASONS;

const NANOS_PER_MS = 1_000_000n;

/** Between which times a span may lie. */
export interface TimeBounds {
  readonly oldestUnixNanos: bigint;
  readonly latestUnixNanos: bigint;
}

/** The bounds for spans that arrive now. */
export function timeBoundsAt(nowMs: number): TimeBounds {
  return {
    oldestUnixNanos: BigInt(Math.floor(nowMs - LIMITS.pastAgeMs)) * NANOS_PER_MS,
    latestUnixNanos: BigInt(Math.floor(nowMs + LIMITS.futureSkewMs)) * NANOS_PER_MS,
  };
}

/** Why times cannot be kept, if so. They are never clamped: a wrong clock must be seen by its sender. */
export function brokenTime(startUnixNanos: bigint, endUnixNanos: bigint, bounds: TimeBounds): RejectReason | undefined {
  const { oldestUnixNanos: oldest, latestUnixNanos: latest } = bounds;
  if (startUnixNanos === 0n) return "start_missing";
  if (startUnixNanos > latest) return "start_future";
  if (startUnixNanos < oldest) return "start_old";
  // 0 is OTLP's "not ended": the span is kept without a duration.
  if (endUnixNanos === 0n) return undefined;
  if (endUnixNanos < startUnixNanos) return "end_before_start";
  return endUnixNanos > latest ? "end_future" : undefined;
}

/** Lower-case hex of `bytes` bytes that is not all zero. */
export function isId(text: string, bytes: number): boolean {
  if (text.length !== bytes * 2) return false;
  let zero = true;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (!((code >= 48 && code <= 57) || (code >= 97 && code <= 102))) return false;
    if (code !== 48) zero = false;
  }
  return !zero;
}

/** Whether an id is absent: empty, or zeros as some senders write it. */
export function isNoId(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) !== 48) return false;
  return text.length === 0 || text.length === 16;
}

/** One line for the partial-success message: `2 spans rejected: 1 trace id …, 1 start time …`. */
export function rejectMessage(rejected: ReadonlyMap<RejectReason, number>): string {
  const parts = [...rejected].map(([reason, count]) => `${count} x ${REJECT_REASONS[reason]}`);
  return `spans rejected: ${parts.join("; ")}`;
}

import type { StoredSpan } from "./contract.ts";
import type { EncodedSpans } from "./encoded-spans.ts";
import { judgeRepeat } from "./same-span.ts";
import type { SeenIds } from "./seen-ids.ts";
import { keysOf, spanKey } from "./stored-span.ts";
import type { Tail } from "./tail.ts";
import { unixDayOf } from "./unix-day.ts";

/** What of a batch must be written, and what must become durable before the batch may be acknowledged. */
export interface Deduplicated {
  readonly fresh: readonly StoredSpan[];
  /** Identities of the fresh spans. */
  readonly freshKeys: readonly string[];
  readonly waits: ReadonlySet<Promise<void>>;
  readonly duplicates: number;
  readonly conflicts: number;
}

/** Looks stored spans up by identity and the day they were stored under. */
export type LookUp = (
  identities: readonly { readonly traceId: string; readonly spanId: string; readonly day: number }[],
) => Promise<readonly StoredSpan[]>;

/** Options of the deduplication. */
export interface DedupeOptions {
  readonly tail: Tail;
  readonly seen: SeenIds;
  readonly lookUp: LookUp;
}

const MS_NANOS = 1_000_000n;

/**
 * Sorts out the spans that are stored already.
 * @param take is called once, and must add the fresh spans to the tail before it returns: so nothing runs in between,
 * and of two writers of one span one sees the other.
 */
export async function deduplicate<T>(
  spans: readonly StoredSpan[],
  { tail, seen, lookUp }: DedupeOptions,
  take: (sorted: Deduplicated) => T,
): Promise<T> {
  // Made once: a new text would have to be hashed at every look-up.
  const keys = keysOf(spans);
  const checked = new Map<string, StoredSpan | undefined>();
  // While the index was asked, spans may have moved from the tail into it; then they must be asked for too.
  for (;;) {
    const suspects = suspectsOf({ spans, keys }, checked, tail, seen);
    if (suspects.length === 0) return take(sortOut({ spans, keys }, checked, tail));
    for (const { traceId, spanId } of suspects) checked.set(spanKey(traceId, spanId), undefined);
    for (const stored of await lookUp(suspects)) checked.set(spanKey(stored.span.traceId, stored.span.spanId), stored);
  }
}

/** Whether a span of an encoded batch may be stored already; mostly none is, and that is quickly seen. */
export function mayBeStored(
  { oldestUnixNanos }: EncodedSpans,
  keys: readonly string[],
  { tail, seen }: Pick<DedupeOptions, "tail" | "seen">,
): boolean {
  if (oldestUnixNanos < completeSinceNanos(seen)) return true;
  return keys.some((key) => tail.has(key) || seen.dayOf(key) !== undefined);
}

function completeSinceNanos(seen: SeenIds): bigint {
  return BigInt(Math.floor(seen.completeSinceUnixMillis)) * MS_NANOS;
}

/** The spans of a batch and their identities. */
interface KeyedSpans {
  readonly spans: readonly StoredSpan[];
  readonly keys: readonly string[];
}

/** Spans that are not in the tail but may be in the index. */
function suspectsOf({ spans, keys }: KeyedSpans, checked: ReadonlyMap<string, unknown>, tail: Tail, seen: SeenIds) {
  const suspects = [];
  const completeSince = completeSinceNanos(seen);
  for (const [at, { span }] of spans.entries()) {
    const { traceId, spanId, startUnixNanos } = span;
    const key = keys[at] ?? "";
    if (checked.has(key) || tail.has(key)) continue;
    // What was written before the memory begins can only be found under the day of its start.
    const day = seen.dayOf(key) ?? (startUnixNanos < completeSince ? unixDayOf(startUnixNanos) : undefined);
    if (day !== undefined) suspects.push({ traceId, spanId, day });
  }
  return suspects;
}

function sortOut(
  { spans, keys }: KeyedSpans,
  indexed: ReadonlyMap<string, StoredSpan | undefined>,
  tail: Tail,
): Deduplicated {
  const fresh = new Map<string, StoredSpan>();
  const waits = new Set<Promise<void>>();
  let duplicates = 0;
  let conflicts = 0;
  for (const [at, next] of spans.entries()) {
    const key = keys[at] ?? "";
    const inTail = tail.find(key);
    const stored = fresh.get(key) ?? inTail?.stored ?? indexed.get(key);
    const verdict = stored === undefined ? "replace" : judgeRepeat(stored, next);
    if (verdict === "replace") fresh.set(key, next);
    else if (inTail?.pending !== undefined) waits.add(inTail.pending);
    if (verdict === "duplicate") duplicates++;
    if (verdict === "conflict") conflicts++;
  }
  return { fresh: [...fresh.values()], freshKeys: [...fresh.keys()], waits, duplicates, conflicts };
}

import { randomUUID } from "node:crypto";
import { LIMITS, MonitorError, type RecordBatch } from "@nexent/monitor-core";
import { compareFacets, FACET_VALUES, sortedAggregate, SPAN_NAMES } from "../answer-order.ts";
import { createClockGuard } from "../clock-guard.ts";
import type {
  AcknowledgedListener,
  CallFilter,
  CallList,
  CallPage,
  FacetValue,
  PurgeSelector,
  Facets,
  StoredSpan,
  StoreStats,
  TraceStore,
  WriteOutcome,
} from "../contract.ts";
import { checkSelector, selects } from "../purge-selector.ts";
import { decodeCursor, encodeCursor, sortOf } from "../page-cursor.ts";
import { checkAggregate, checkCalls, checkRange, checkRanks, checkTraceIds, checkTraceSearch } from "../query-rules.ts";
import { judgeRepeat } from "../same-span.ts";
import { acknowledgedSpans } from "../acknowledged-spans.ts";
import { decodeSpans, type EncodedSpans } from "../encoded-spans.ts";
import { compareSpans, spanKey, toCallRow, wholeTraces } from "../stored-span.ts";
import { checkBatch, outcomeOf } from "../write-rules.ts";
import { aggregateCalls } from "./aggregate.ts";
import { compareMarks, markOf } from "./calls.ts";
import { inRange, matches } from "./filter.ts";
import { rankValues } from "./ranks.ts";
import { countServiceLinks, countSpanNames, matchTraces } from "./span-search.ts";

const DAY_NANOS = 86_400_000_000_000n;
const DAY_MS = 86_400_000;

/** Options of the memory store. */
export interface MemoryStoreOptions {
  readonly onAcknowledged?: AcknowledgedListener;
  /** Wall clock, ms; default `Date.now`. */
  readonly now?: () => number;
  /** Matching calls up to which quantiles are exact in any case; default 200,000. */
  readonly exactQuantileLimit?: number;
}

/**
 * Keeps spans in a `Map`: the reference that every other store must equal, and a store for tests. Nothing survives the
 * process.
 */
export function createMemoryStore(options: MemoryStoreOptions = {}): TraceStore {
  const spans = new Map<string, StoredSpan>();
  const counters = { duplicates: 0, conflicts: 0, expired: 0, purged: 0 };
  const now = options.now ?? Date.now;
  const clock = createClockGuard(now, () => performance.now());
  const previews = new Map<string, { readonly selector: PurgeSelector; readonly spans: number }>();
  const exactQuantileLimit = options.exactQuantileLimit ?? LIMITS.exactQuantileCalls;
  let closed = false;

  function keep(next: StoredSpan): boolean {
    const key = spanKey(next.span.traceId, next.span.spanId);
    const stored = spans.get(key);
    const verdict = stored === undefined ? "replace" : judgeRepeat(stored, next);
    if (verdict === "replace") spans.set(key, next);
    if (verdict === "duplicate") counters.duplicates++;
    if (verdict === "conflict") counters.conflicts++;
    return verdict === "replace";
  }

  function open(signal?: AbortSignal): void {
    signal?.throwIfAborted();
    if (closed) throw new MonitorError("STORE_UNAVAILABLE", "the store is closed");
  }

  /** Finished LLM calls of the range. */
  function callsIn(filter: CallFilter): StoredSpan[] {
    return [...spans.values()].filter((stored) => toCallRow(stored) !== undefined && inRange(stored, filter.range));
  }

  return {
    capabilities: {
      durability: "memory",
      dedupeScope: "store",
      freshnessMs: 0,
      exactQuantileLimit,
      erase: "bytes",
      backup: false,
    },

    async write(batch: RecordBatch | EncodedSpans, signal?: AbortSignal): Promise<WriteOutcome> {
      signal?.throwIfAborted();
      if (closed) return { status: "rejected", error: new MonitorError("STORE_UNAVAILABLE", "the store is closed") };
      const checked = "columns" in batch ? decodeSpans(batch) : checkBatch(batch);
      const fresh = checked.spans.filter(keep);
      if (fresh.length > 0) options.onAcknowledged?.(acknowledgedSpans(fresh));
      return outcomeOf(checked);
    },

    async trace(traceId, { signal } = {}) {
      open(signal);
      const found = [...spans.values()].filter((stored) => stored.span.traceId === traceId);
      return found.sort(compareSpans).slice(0, LIMITS.spansPerTrace);
    },

    async traces(traceIds, signal) {
      open(signal);
      checkTraceIds(traceIds);
      const found = traceIds.map((traceId) => [...spans.values()].filter((stored) => stored.span.traceId === traceId));
      return wholeTraces(found.map((trace) => trace.sort(compareSpans).slice(0, LIMITS.spansPerTrace)));
    },

    async calls(filter: CallFilter, page: CallPage, signal?: AbortSignal): Promise<CallList> {
      open(signal);
      checkCalls(filter, page);
      const sort = sortOf(page);
      const order = compareMarks(sort);
      const after = page.cursor === undefined ? undefined : decodeCursor(sort, page.cursor);
      const all = callsIn(filter);
      const shown = all.filter((call) => matches(call, filter));
      const rest = shown.filter((call) => after === undefined || order(markOf(call, sort), after) > 0);
      rest.sort((a, b) => order(markOf(a, sort), markOf(b, sort)));
      const rows = rest.slice(0, page.limit);
      const last = rows.at(-1);
      const next = last !== undefined && rest.length > rows.length ? encodeCursor(sort, markOf(last, sort)) : undefined;
      return {
        rows: rows.map(toCallRow).filter((row) => row !== undefined),
        ...(next === undefined ? {} : { next }),
        shown: shown.length,
        total: all.length,
      };
    },

    async aggregate(spec, signal) {
      open(signal);
      checkAggregate(spec);
      const calls = callsIn(spec.filter).filter((call) => matches(call, spec.filter));
      return sortedAggregate(aggregateCalls(calls, spec, exactQuantileLimit), spec.groupBy);
    },

    async ranks(filter, values, signal) {
      open(signal);
      checkRanks(filter, values);
      const calls = callsIn(filter).filter((call) => matches(call, filter));
      return rankValues(calls, values);
    },

    async facets(range, signal): Promise<Facets> {
      open(signal);
      checkRange(range);
      const calls = callsIn({ range });
      return {
        services: countValues(calls, (call) => call.span.resource.service),
        models: countValues(calls, (call) => call.llm?.model),
        operations: countValues(calls, (call) => call.llm?.operation),
        providers: countValues(calls, (call) => call.llm?.provider),
      };
    },

    async searchTraces(filter, limit, signal) {
      open(signal);
      checkTraceSearch(filter, limit);
      return matchTraces(spans.values(), filter).slice(0, limit);
    },

    async spanNames(range, signal) {
      open(signal);
      checkRange(range);
      return countSpanNames(spans.values(), range).slice(0, SPAN_NAMES);
    },

    async serviceLinks(range, signal) {
      open(signal);
      checkRange(range);
      return countServiceLinks(spans, range);
    },

    async stats(): Promise<StoreStats> {
      const all = [...spans.values()];
      const ended = all.filter(({ span }) => span.durationNanos !== undefined);
      const starts = all.map(({ span }) => span.startUnixNanos);
      const callStarts = ended.filter(({ llm }) => llm !== undefined).map(({ span }) => span.startUnixNanos);
      return {
        spans: all.length,
        calls: callStarts.length,
        ...extreme("oldestUnixNanos", starts, (a, b) => a < b),
        ...extreme("newestCallUnixNanos", callStarts, (a, b) => a > b),
        diskBytes: 0,
        days: new Set(ended.map(({ span }) => span.startUnixNanos / DAY_NANOS)).size,
        indexLagSeconds: 0,
        damagedFrames: 0,
        quarantinedFiles: 0,
        duplicateSpans: counters.duplicates,
        conflictingSpans: counters.conflicts,
        expiredSpans: counters.expired,
        purgedSpans: counters.purged,
        storageDegraded: false,
      };
    },

    async previewPurge(selector) {
      open();
      checkSelector(selector);
      const named = [...spans.values()].filter((stored) => selects(selector, stored));
      const ended = named.filter(({ span }) => span.durationNanos !== undefined);
      const planId = randomUUID();
      previews.set(planId, { selector, spans: named.length });
      return {
        planId,
        spans: named.length,
        traces: new Set(ended.map(({ span }) => span.traceId)).size,
        days: dayNames(ended),
        bytesToRewrite: 0,
        quarantinedFiles: 0,
      };
    },

    async purge(planId) {
      open();
      const previewed = previews.get(planId);
      if (previewed === undefined) throw new MonitorError("NOT_FOUND", "this purge was not previewed, or is done");
      previews.delete(planId);
      const named = [...spans].filter(([, stored]) => selects(previewed.selector, stored));
      for (const [key] of named) spans.delete(key);
      counters.purged += named.length;
      return { planId, previewedSpans: previewed.spans, spans: named.length };
    },

    async backup() {
      open();
      throw new MonitorError("CAPABILITY_MISSING", "a store in memory makes no backup");
    },

    async verify() {
      open();
      const ended = [...spans.values()].filter(({ span }) => span.durationNanos !== undefined);
      const days = dayNames(ended);
      return days.map((day) => ({
        day,
        sealed: false,
        spans: ended.filter((stored) => dayNames([stored])[0] === day).length,
        bytes: 0,
      }));
    },

    async retain({ maxAgeDays }) {
      open();
      if (!clock.confirm()) return { days: [], spans: 0, freedBytes: 0, held: "clock-jump" };
      const today = Math.floor(now() / DAY_MS);
      const old = [...spans].filter(([, stored]) => {
        const day = dayOf(stored);
        return maxAgeDays !== undefined && day < today && day + 1 + maxAgeDays <= now() / DAY_MS;
      });
      for (const [key] of old) spans.delete(key);
      counters.expired += old.length;
      return { days: dayNames(old.map(([, stored]) => stored)), spans: old.length, freedBytes: 0 };
    },

    async flush() {
      // Everything is visible at once.
    },

    async close() {
      closed = true;
    },
  };
}

function dayOf({ span }: StoredSpan): number {
  return Number(span.startUnixNanos / DAY_NANOS);
}

/** `2026-11-24`, oldest first. */
function dayNames(stored: readonly StoredSpan[]): readonly string[] {
  const days = [...new Set(stored.map(dayOf))].sort((a, b) => a - b);
  return days.map((day) => new Date(day * DAY_MS).toISOString().slice(0, 10));
}

function countValues(calls: readonly StoredSpan[], valueOf: (call: StoredSpan) => string | undefined): FacetValue[] {
  const counts = new Map<string, number>();
  for (const call of calls) {
    const value = valueOf(call);
    if (value !== undefined) counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  const values = [...counts].map(([value, count]) => ({ value, calls: count }));
  return values.sort(compareFacets).slice(0, FACET_VALUES);
}

function extreme(
  key: "oldestUnixNanos" | "newestCallUnixNanos",
  values: readonly bigint[],
  better: (a: bigint, b: bigint) => boolean,
) {
  if (values.length === 0) return {};
  const best = values.reduce((kept, value) => (better(value, kept) ? value : kept));
  return { [key]: best };
}

/**
 * What a store promises. Every sentence here is a numbered rule of SPEC.md; the contract suite (`testing/suite.ts`)
 * proves them on every implementation.
 */
import type { LlmFields, MonitorError, SpanKind, SpanRecord, StatusCode, RecordBatch } from "@nexent/monitor-core";
import type { AcknowledgedSpans } from "./acknowledged-spans.ts";
import type { CopiedFile } from "./copy-files.ts";
import type { EncodedSpans } from "./encoded-spans.ts";

/** The answer to a write. Expected outcomes are values, never exceptions. */
export type WriteOutcome =
  /** Every record is durable, or an exact repeat of one that is. */
  | { readonly status: "accepted"; readonly records: number }
  /** The rest is durable; `rejected` records broke a rule and must never be sent again. */
  | { readonly status: "partial"; readonly accepted: number; readonly rejected: number; readonly reason: string }
  /** Nothing kept; come back after `retryAfterMs`. */
  | { readonly status: "overloaded"; readonly retryAfterMs: number }
  /** Nothing kept: `STORE_FULL`, `JOURNAL_SYNC_FAILED` or `STORE_UNAVAILABLE`. */
  | { readonly status: "rejected"; readonly error: MonitorError };

/** Half-open time range of span starts, Unix nanoseconds. */
export interface TimeRange {
  readonly fromUnixNanos: bigint;
  readonly toUnixNanos: bigint;
}

/** A stored span with its promoted columns (absent for spans that are not LLM calls). */
export interface StoredSpan {
  readonly span: SpanRecord;
  readonly llm?: LlmFields;
}

/** Conditions are joined by AND; values of one list by OR. Empty or absent = no condition. */
export interface CallFilter {
  readonly range: TimeRange;
  readonly models?: readonly string[];
  readonly operations?: readonly string[];
  readonly providers?: readonly string[];
  readonly services?: readonly string[];
  readonly outcomes?: readonly string[];
  /** Case-insensitive substring of model, operation, trace id, span id or error type. */
  readonly text?: string;
  readonly number?: readonly NumberCondition[];
}

/** `min <= column <= max`; a call without the value never matches. */
export interface NumberCondition {
  readonly column: NumberColumn;
  readonly min?: number;
  readonly max?: number;
}

/** Numeric columns that filters, sorts and aggregates may name. Seconds, tokens/s, tokens, counts. */
export const NUMBER_COLUMNS = [
  "durationSeconds",
  "ttftSeconds",
  "firstAnswerTokenSeconds",
  "generationRateTokensPerSecond",
  "endToEndRateTokensPerSecond",
  "timePerOutputTokenSeconds",
  "gapP95Seconds",
  "stallCount",
  "stallTotalSeconds",
  "inputTokens",
  "outputTokens",
] as const;
export type NumberColumn = (typeof NUMBER_COLUMNS)[number];

/** One row of a call list; everything a table shows, without attributes, events and links. */
export interface CallRow {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly service: string;
  readonly startUnixNanos: bigint;
  readonly durationSeconds: number;
  readonly status: "unset" | "ok" | "error";
  readonly statusMessage?: string;
  readonly llm: LlmFields;
}

/** Sort of a call list; ties by start descending, then trace id, then span id. Calls without the value come last. */
export interface CallSort {
  readonly column: "start" | NumberColumn;
  readonly descending: boolean;
}

/** Keyset page; `cursor` is the opaque `next` of the page before. */
export interface CallPage {
  readonly limit: number;
  readonly cursor?: string;
  /** Default: newest first. */
  readonly sort?: CallSort;
}

/** One page of calls. */
export interface CallList {
  readonly rows: readonly CallRow[];
  /** Absent on the last page. */
  readonly next?: string;
  /** Calls that match the filter, and all calls in the range. */
  readonly shown: number;
  readonly total: number;
}

/** Keys an aggregate may group by. */
export const GROUP_KEYS = ["model", "operation", "provider", "service", "outcome", "errorType"] as const;
export type GroupKey = (typeof GROUP_KEYS)[number];

/**
 * What to compute. Quantiles ignore calls without the value. They are exact up to `exactQuantileLimit` matching calls, and
 * beyond it for every question that names a service, an error type, a text, a number, a column without a rollup, or buckets
 * that are not whole minutes; for the others they are sketches.
 */
export interface AggregateSpec {
  readonly filter: CallFilter;
  readonly groupBy: readonly GroupKey[];
  /**
   * Width of the time buckets, aligned to multiples of the width since the Unix epoch; a call belongs to the bucket of
   * its start. Absent = one bucket over the range. Buckets without calls are left out.
   */
  readonly bucketNanos?: bigint;
  /** At most 4 columns; each gives count of present values, sum, and the quantiles asked for. */
  readonly columns: readonly NumberColumn[];
  /** 0 < q < 1. */
  readonly quantiles: readonly number[];
}

/** Count, sum and quantiles of one column over one group. */
export interface ColumnStats {
  /** Calls that have the value. */
  readonly count: number;
  readonly sum: number;
  /** In the order asked; absent entries when `count` is 0. */
  readonly quantiles: readonly number[];
  /** Of the quantiles; counts and sums are always exact. */
  readonly exactness: "exact" | "sketch";
  /** Only of sketches: how far a quantile may lie from the exact one, as a share of it (half a billionth at least). */
  readonly relativeError?: number;
}

/** One group (and bucket) of an aggregate; rows come by bucket, then by group values in UTF-8 order, absent last. */
export interface AggregateRow {
  readonly group: Readonly<Partial<Record<GroupKey, string>>>;
  /** Start of the bucket, absent without buckets. */
  readonly bucketUnixNanos?: bigint;
  readonly calls: number;
  readonly outcomes: Readonly<Record<"ok" | "error" | "cancelled" | "abandoned" | "unknown", number>>;
  readonly columns: Readonly<Partial<Record<NumberColumn, ColumnStats>>>;
}

/** Values whose place among those of other calls is asked for, by column. */
export type RankedValues = Readonly<Partial<Record<NumberColumn, number>>>;

/** Where one value stands. */
export interface ValueRank {
  /** Calls that have a value. */
  readonly count: number;
  /** Those among them whose value is at most the given one. */
  readonly notAbove: number;
}

/** Of each column that was asked for. */
export type ValueRanks = Readonly<Partial<Record<NumberColumn, ValueRank>>>;

/** The values filters can offer: most calls first, then by value; at most 1,000 each. */
export interface Facets {
  readonly services: readonly FacetValue[];
  readonly models: readonly FacetValue[];
  readonly operations: readonly FacetValue[];
  readonly providers: readonly FacetValue[];
}
/** One value and the LLM calls that have it. */
export interface FacetValue {
  readonly value: string;
  readonly calls: number;
}

/** A span attribute and the text of its value: `200`, `0.5` and `true` also find the number and the boolean. */
export interface AttributeCondition {
  readonly key: string;
  readonly value: string;
}

/** Which spans a trace search looks for. Conditions are joined by AND and all met by one span; absent = no condition. */
export interface SpanFilter {
  readonly range: TimeRange;
  readonly service?: string;
  readonly name?: string;
  readonly kind?: SpanKind;
  readonly status?: StatusCode;
  /** Inclusive bounds. */
  readonly minDurationNanos?: bigint;
  readonly maxDurationNanos?: bigint;
  /** At most 20; each holds for an attribute of the span or of its resource. */
  readonly attributes?: readonly AttributeCondition[];
}

/** A trace with a span that a search looked for. */
export interface TraceMatch {
  readonly traceId: string;
  /** Start of its newest such span. */
  readonly startUnixNanos: bigint;
}

/** A span name in use, and how many ended spans have it. */
export interface SpanName {
  readonly service: string;
  readonly name: string;
  readonly kind: SpanKind;
  readonly spans: number;
}

/** How often spans of one service are children of spans of another. */
export interface ServiceLink {
  readonly parent: string;
  readonly child: string;
  readonly spans: number;
}

/** What is stored and how the store is doing. */
export interface StoreStats {
  /** Spans stored (durable), LLM calls among them. */
  readonly spans: number;
  /** LLM calls that have an end. */
  readonly calls: number;
  readonly oldestUnixNanos?: bigint;
  /** Start of the newest LLM call. */
  readonly newestCallUnixNanos?: bigint;
  readonly diskBytes: number;
  readonly days: number;
  /** Age of the oldest acknowledged record that queries cannot see yet; 0 when there is none. */
  readonly indexLagSeconds: number;
  readonly damagedFrames: number;
  readonly quarantinedFiles: number;
  readonly duplicateSpans: number;
  readonly conflictingSpans: number;
  /** Spans that retention removed since the start. */
  readonly expiredSpans: number;
  /** Spans that were purged since the start. */
  readonly purgedSpans: number;
  readonly storageDegraded: boolean;
}

/** What to keep; whichever bites first. Absent = no bound. */
export interface RetentionPolicy {
  /** A day goes once its last moment is older than that many days. */
  readonly maxAgeDays?: number;
  /** While journal and index are larger, the oldest day goes; never today's. */
  readonly maxBytes?: number;
}

/** What a retention removed. */
export interface RetentionReport {
  /** `2026-11-24`, oldest first. */
  readonly days: readonly string[];
  readonly spans: number;
  readonly freedBytes: number;
  /** Nothing was removed because the wall clock jumped by more than 10 min; the next call believes it. */
  readonly held?: "clock-jump";
  /** Absent for a store that has no disk. */
  readonly left?: LeftOnDisk;
}

/** What a retention left, for whoever keeps several stores inside one bound. */
export interface LeftOnDisk {
  /** Of journal and index, as `maxBytes` counts them. */
  readonly bytes: number;
  /** The oldest day, unless it is today's, which is never removed. */
  readonly oldestDay?: string;
  /** Less of the disk is free than is kept in reserve, so nothing will be taken. */
  readonly isDiskLow: boolean;
}

/** Which spans to erase. Conditions are joined by AND; without one, `all` must say so. */
export interface PurgeSelector {
  readonly all?: true;
  /** Starts, half-open. */
  readonly range?: TimeRange;
  readonly service?: string;
  /** The model of an LLM call, as in filters; spans that are no LLM call do not match. */
  readonly model?: string;
  /** 32 hex digits. */
  readonly traceId?: string;
}

/** What a purge would erase. */
export interface PurgePreview {
  /** Good for one purge within 10 min. */
  readonly planId: string;
  readonly spans: number;
  readonly traces: number;
  /** `2026-11-24`, oldest first. */
  readonly days: readonly string[];
  /** Bytes of the files that are read through and, where needed, written anew. */
  readonly bytesToRewrite: number;
  /** Files that could not be read; they are erased too, since nobody can tell what is in them. */
  readonly quarantinedFiles: number;
}

/** What a purge erased. */
export interface PurgeReport {
  readonly planId: string;
  readonly previewedSpans: number;
  readonly spans: number;
}

/** What a backup or a restore copied. */
export interface BackupReport {
  readonly directory: string;
  readonly files: number;
  readonly bytes: number;
}

/** What reading a file of stored days found. */
export interface DayReport {
  /** `2026-11-24` */
  readonly day: string;
  /** The file is complete and never written to again. */
  readonly sealed: boolean;
  readonly spans: number;
  readonly bytes: number;
  /** Absent when everything could be read. */
  readonly problem?: string;
}

/** Where a store says what its operator should know; `event` is snake_case, fields are plain values. */
export interface StoreLogger {
  info(event: string, fields: Readonly<Record<string, unknown>>): void;
  warn(event: string, fields: Readonly<Record<string, unknown>>): void;
}

/** Called with the spans of a batch the moment they are durable, repeats left out; must return fast and not throw. */
export type AcknowledgedListener = (spans: AcknowledgedSpans) => void;

/** What a store can and cannot do; the zero value of each field is the least capable. */
export interface Capabilities {
  readonly durability: "fsync" | "write" | "memory";
  readonly dedupeScope: "store" | "server" | "none";
  readonly freshnessMs: number;
  /** Matching calls up to which quantiles are exact in any case. */
  readonly exactQuantileLimit: number;
  readonly erase: "bytes" | "eventual" | "none";
  readonly backup: boolean;
}

/**
 * Keeps spans. Safe for concurrent calls. Queries take an AbortSignal and are interrupted by it; they throw
 * `MonitorError` `QUERY_INVALID`, `QUERY_TIMEOUT`, `CAPABILITY_MISSING` or `STORE_UNAVAILABLE`.
 */
export interface TraceStore {
  readonly capabilities: Capabilities;
  /**
   * All or nothing per batch, except records that break a rule (`partial`). Idempotent by (trace id, span id). Encoded
   * spans mean what the spans meant of which they were made, and belong to the store from then on.
   */
  write(batch: RecordBatch | EncodedSpans, signal?: AbortSignal): Promise<WriteOutcome>;
  /**
   * All spans of one trace by start, ties by span id. Also sees records that are acknowledged but not yet indexed.
   * @param hintUnixNanos some time inside the trace; makes the read faster, never changes the answer.
   */
  trace(
    traceId: string,
    options?: { readonly hintUnixNanos?: bigint; readonly signal?: AbortSignal },
  ): Promise<readonly StoredSpan[]>;
  /**
   * Whole traces in the order asked, unknown ones left out. Stops before the trace with which there would be more spans
   * than one trace may have (50,000): the answer is then shorter, and the first known trace always comes.
   * @param traceIds at most 1,000.
   */
  traces(traceIds: readonly string[], signal?: AbortSignal): Promise<readonly (readonly StoredSpan[])[]>;
  /** LLM calls, newest first unless sorted. */
  calls(filter: CallFilter, page: CallPage, signal?: AbortSignal): Promise<CallList>;
  aggregate(spec: AggregateSpec, signal?: AbortSignal): Promise<readonly AggregateRow[]>;
  /** How many matching calls have a value in some columns, and how many of those lie at or below a given one; exact. */
  ranks(filter: CallFilter, values: RankedValues, signal?: AbortSignal): Promise<ValueRanks>;
  facets(range: TimeRange, signal?: AbortSignal): Promise<Facets>;
  /** Traces with a matching ended span, by the start of the newest one, newest first, ties by trace id. */
  searchTraces(filter: SpanFilter, limit: number, signal?: AbortSignal): Promise<readonly TraceMatch[]>;
  /** Names of ended spans, by service, name and kind (UTF-8 order, kinds by number); at most 10,000. */
  spanNames(range: TimeRange, signal?: AbortSignal): Promise<readonly SpanName[]>;
  /** Ended child spans by the services of parent and child, both starting in the range; by parent, then child. */
  serviceLinks(range: TimeRange, signal?: AbortSignal): Promise<readonly ServiceLink[]>;
  stats(): Promise<StoreStats>;
  /** Counts what a purge would erase. */
  previewPurge(selector: PurgeSelector): Promise<PurgePreview>;
  /**
   * Erases what a preview named, as far as it was acknowledged before the call: afterwards no answer has it and, where
   * `erase` is `bytes`, no file. Writes and queries go on meanwhile; a span that is sent again is a new one.
   * @throws {NOT_FOUND} for a plan that is unknown, used or older than 10 min.
   */
  purge(planId: string): Promise<PurgeReport>;
  /**
   * Copies everything acknowledged before the call into a folder that does not exist or is empty, while writes and
   * queries go on. @param directory absolute, outside the data. @param copyOthers copies what others keep in the data
   * folder, before the backup counts as complete. @throws {QUERY_INVALID} {STORE_FULL} {CAPABILITY_MISSING}
   */
  backup(directory: string, copyOthers?: (directory: string) => Promise<readonly CopiedFile[]>): Promise<BackupReport>;
  /** Reads everything that is stored, oldest day first; what is damaged is set aside and repaired. */
  verify(): Promise<readonly DayReport[]>;
  /**
   * Removes whole UTC days of span starts, spans without an end among them; also the moment at which a store puts its
   * days in order. Writes and queries go on meanwhile.
   */
  retain(policy: RetentionPolicy): Promise<RetentionReport>;
  /** Waits until everything acknowledged is visible to every query. */
  flush(): Promise<void>;
  /** Finishes writes in flight, closes files, releases the lock. Idempotent. */
  close(): Promise<void>;
}

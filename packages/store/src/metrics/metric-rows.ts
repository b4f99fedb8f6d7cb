import { DOUBLE, LIST, listValue, MAP, mapValue, VARCHAR, type DuckDBAppender } from "@duckdb/node-api";
import type { FamilyMetadata, HistogramSample, MetricExemplar, SummarySample } from "../metric-contract.ts";
import type { TimedSample } from "../metric-samples.ts";
import { sortedEntries, type SeriesIdentity } from "../metric-series.ts";
import { MARK, type METRIC_TABLES } from "./metric-schema.ts";
import { markedValue, type MarkedValue } from "./value-columns.ts";

/** Writes one row; columns in the order of the table. */
export type RowWriter = (appender: DuckDBAppender) => void;

/** Rows on their way into the tables of a day. */
export type MetricRows = Record<keyof typeof METRIC_TABLES, RowWriter[]>;

export function noRows(): MetricRows {
  return { series: [], families: [], bounds: [], samples: [], histograms: [], summaries: [], exemplars: [] };
}

const TEXT_MAP = MAP(VARCHAR, VARCHAR);
const DOUBLES = LIST(DOUBLE);

export function seriesRow(id: number, { family, kind, labels }: SeriesIdentity): RowWriter {
  return (appender) => {
    appender.appendUInteger(id);
    appender.appendVarchar(family);
    appender.appendVarchar(kind);
    appender.appendValue(mapValue(sortedEntries(labels).map(([key, value]) => ({ key, value }))), TEXT_MAP);
  };
}

export function familyRow({ family, type, unit, help }: FamilyMetadata): RowWriter {
  return (appender) => {
    for (const text of [family, type, unit, help]) appendText(appender, text);
  };
}

export function boundsRow(id: number, bounds: readonly number[]): RowWriter {
  return (appender) => {
    appender.appendUInteger(id);
    appendNumbers(appender, bounds);
  };
}

/** Row of a value, or of the end of a histogram or summary. */
export function sampleRow(seriesId: number, one: Extract<TimedSample, { kind: "scalar" | "stale" }>): RowWriter {
  return (appender) => {
    const isEnd = one.kind === "stale";
    appendTime(appender, seriesId, one.sample.timestampMs, isEnd ? undefined : one.sample.startMs);
    appendMarked(appender, isEnd ? { value: null, mark: MARK.end } : markedValue(one.sample.value));
  };
}

export function histogramRow(seriesId: number, boundsId: number, sample: HistogramSample): RowWriter {
  return (appender) => {
    appendTime(appender, seriesId, sample.timestampMs, sample.startMs);
    appender.appendDouble(sample.count);
    appendMarked(appender, markedValue(sample.sum));
    appender.appendUInteger(boundsId);
    appendNumbers(appender, sample.buckets);
  };
}

export function summaryRow(seriesId: number, sample: SummarySample): RowWriter {
  return (appender) => {
    appendTime(appender, seriesId, sample.timestampMs, sample.startMs);
    appender.appendDouble(sample.count);
    appendMarked(appender, markedValue(sample.sum));
    appendNumbers(
      appender,
      sample.quantiles.map(({ quantile }) => quantile),
    );
    appendNumbers(
      appender,
      sample.quantiles.map(({ value }) => value),
    );
  };
}

export function exemplarRow(seriesId: number, exemplar: MetricExemplar): RowWriter {
  return (appender) => {
    appender.appendUInteger(seriesId);
    appender.appendBigInt(BigInt(exemplar.timestampMs));
    appendMarked(appender, markedValue(exemplar.value));
    appendText(appender, exemplar.traceId);
    appendText(appender, exemplar.spanId);
    appender.appendVarchar(JSON.stringify(Object.entries(exemplar.labels).flat()));
  };
}

function appendTime(appender: DuckDBAppender, seriesId: number, timestampMs: number, startMs?: number): void {
  appender.appendUInteger(seriesId);
  appender.appendBigInt(BigInt(timestampMs));
  if (startMs === undefined) appender.appendNull();
  else appender.appendBigInt(BigInt(startMs));
}

function appendMarked(appender: DuckDBAppender, { value, mark }: MarkedValue): void {
  if (value === null) appender.appendNull();
  else appender.appendDouble(value);
  if (mark === null) appender.appendNull();
  else appender.appendUTinyInt(mark);
}

function appendText(appender: DuckDBAppender, text: string | undefined): void {
  if (text === undefined) appender.appendNull();
  else appender.appendVarchar(text);
}

function appendNumbers(appender: DuckDBAppender, values: readonly number[]): void {
  appender.appendValue(listValue([...values]), DOUBLES);
}

import { deflateRawSync, inflateRawSync } from "node:zlib";
import type { BatchFacts } from "../journal/segment-trailer.ts";
import {
  isStaleMarker,
  STALE_MARKER,
  STALE_NAN_BITS,
  type MetricExemplar,
  type MetricSeries,
  type MetricType,
  type SeriesSamples,
} from "../metric-contract.ts";
import { countSamples, dayOfMs, sortedEntries } from "../metric-series.ts";

/** Version of the payload, its first byte. */
const VERSION = 1;
/** Larger ones are damage. */
const MAX_BYTES = 512 * 1024 * 1024;

/** A batch as the journal keeps it. */
export interface JournaledMetrics {
  readonly entries: readonly SeriesSamples[];
  readonly writtenUnixMillis: number;
  /** Samples and exemplars. */
  readonly rowCount: number;
}

type ExemplarTexts = readonly [traceId: string | null, spanId: string | null, ...labels: string[]];

/** The texts of an entry, and how many numbers follow in the other part. */
interface EntryHead {
  readonly series: readonly [
    family: string,
    type: MetricType,
    unit: string | null,
    help: string | null,
    ...labels: string[],
  ];
  /** Scalars, histograms, summaries, ends. */
  readonly counts: readonly [number, number, number, number];
  readonly exemplars?: readonly ExemplarTexts[];
}

/** Encodes entries: texts as JSON, numbers as doubles behind them, everything deflated. */
export function encodeMetrics(entries: readonly SeriesSamples[], writtenUnixMillis: number): Uint8Array {
  const head = Buffer.from(JSON.stringify({ writtenUnixMillis, entries: entries.map(headOf) }));
  const numbers = createNumberWriter();
  for (const entry of entries) writeNumbers(entry, numbers);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(head.length);
  const packed = deflateRawSync(Buffer.concat([size, head, numbers.bytes()]), { level: 1 });
  return Buffer.concat([Buffer.of(VERSION), packed]);
}

/** Inverse of `encodeMetrics`; `undefined` when the bytes are damaged. */
export function decodeMetrics(payload: Uint8Array): JournaledMetrics | undefined {
  if (payload[0] !== VERSION) return undefined;
  try {
    const bytes = inflateRawSync(payload.subarray(1), { maxOutputLength: MAX_BYTES });
    const end = 4 + bytes.readUInt32LE(0);
    const head = JSON.parse(bytes.toString("utf8", 4, end)) as { writtenUnixMillis: number; entries: EntryHead[] };
    const next = createNumberReader(bytes.subarray(end));
    const entries = head.entries.map((one) => readEntry(one, next));
    const rowCount = entries.reduce((sum, entry) => sum + countSamples(entry) + entry.exemplars.length, 0);
    return { entries, writtenUnixMillis: head.writtenUnixMillis, rowCount };
  } catch {
    return undefined; // whatever it was, it is not what was written
  }
}

/** What the journal notes about a batch. */
export function metricFacts({ entries, writtenUnixMillis }: Omit<JournaledMetrics, "rowCount">): BatchFacts {
  const days = new Set<number>();
  for (const { scalars, histograms, summaries, exemplars, staleAtMs } of entries) {
    for (const list of [scalars, histograms, summaries, exemplars])
      for (const { timestampMs } of list) days.add(dayOfMs(timestampMs));
    for (const time of staleAtMs) days.add(dayOfMs(time));
  }
  return { days: [...days], openSpans: 0, writtenUnixMillis };
}

function headOf({ series, scalars, histograms, summaries, staleAtMs, exemplars }: SeriesSamples): EntryHead {
  const { family, type, unit = null, help = null, labels } = series;
  return {
    series: [family, type, unit, help, ...sortedEntries(labels).flat()],
    counts: [scalars.length, histograms.length, summaries.length, staleAtMs.length],
    ...(exemplars.length === 0 ? {} : { exemplars: exemplars.map(textsOf) }),
  };
}

function textsOf({ traceId, spanId, labels }: MetricExemplar): ExemplarTexts {
  return [traceId ?? null, spanId ?? null, ...Object.entries(labels).flat()];
}

function writeNumbers(entry: SeriesSamples, { put, putStart }: NumberWriter): void {
  for (const sample of entry.scalars) {
    putStart(sample);
    put(sample.value);
  }
  for (const sample of entry.histograms) {
    putStart(sample);
    for (const value of [sample.count, sample.sum === undefined ? 0 : 1, sample.sum ?? 0, sample.bounds.length])
      put(value);
    for (const value of sample.bounds) put(value);
    for (const value of sample.buckets) put(value);
  }
  for (const sample of entry.summaries) {
    putStart(sample);
    for (const value of [sample.count, sample.sum, sample.quantiles.length]) put(value);
    for (const { quantile, value } of sample.quantiles) {
      put(quantile);
      put(value);
    }
  }
  for (const time of entry.staleAtMs) put(time);
  for (const { timestampMs, value } of entry.exemplars) {
    put(timestampMs);
    put(value);
  }
}

function readEntry({ series, counts, exemplars = [] }: EntryHead, next: () => number): SeriesSamples {
  const times = (count: number): readonly undefined[] => Array.from({ length: count }, () => undefined);
  const timed = (): { timestampMs: number; startMs?: number } => {
    const [timestampMs, startMs] = [next(), next()];
    return startMs < 0 ? { timestampMs } : { timestampMs, startMs };
  };
  const list = (count: number): number[] => times(count).map(() => next());
  return {
    series: seriesOf(series),
    scalars: times(counts[0]).map(() => {
      const sample = { ...timed(), value: next() };
      return isStaleMarker(sample.value) ? { ...sample, value: STALE_MARKER } : sample;
    }),
    histograms: times(counts[1]).map(() => {
      const time = timed();
      const [count, hasSum, sum, bounds] = [next(), next(), next(), next()];
      return { ...time, count, ...(hasSum === 1 ? { sum } : {}), bounds: list(bounds), buckets: list(bounds + 1) };
    }),
    summaries: times(counts[2]).map(() => {
      const time = timed();
      const [count, sum, quantiles] = [next(), next(), next()];
      return { ...time, count, sum, quantiles: times(quantiles).map(() => ({ quantile: next(), value: next() })) };
    }),
    staleAtMs: list(counts[3]),
    exemplars: exemplars.map(([traceId, spanId, ...labels]) => ({
      timestampMs: next(),
      value: next(),
      ...(traceId === null ? {} : { traceId }),
      ...(spanId === null ? {} : { spanId }),
      labels: fromFlat(labels),
    })),
  };
}

function seriesOf([family, type, unit, help, ...labels]: EntryHead["series"]): MetricSeries {
  return {
    family,
    type,
    ...(unit === null ? {} : { unit }),
    ...(help === null ? {} : { help }),
    labels: fromFlat(labels),
  };
}

/** Names and values alternate. */
export function fromFlat(texts: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Array.from({ length: texts.length / 2 }, (_, at) => [texts[at * 2] ?? "", texts[at * 2 + 1] ?? ""]),
  );
}

interface NumberWriter {
  readonly put: (value: number) => void;
  /** Time and start; no start is -1. */
  readonly putStart: (sample: { readonly timestampMs: number; readonly startMs?: number }) => void;
  readonly bytes: () => Uint8Array;
}

function createNumberWriter(): NumberWriter {
  let view = new DataView(new ArrayBuffer(64 * 1024));
  let at = 0;
  function put(value: number): void {
    if (at + 8 > view.byteLength) {
      const larger = new Uint8Array(view.byteLength * 2);
      larger.set(new Uint8Array(view.buffer));
      view = new DataView(larger.buffer);
    }
    if (isStaleMarker(value)) view.setBigUint64(at, STALE_NAN_BITS, true);
    else view.setFloat64(at, value, true);
    at += 8;
  }
  return {
    put,
    putStart({ timestampMs, startMs = -1 }) {
      put(timestampMs);
      put(startMs);
    },
    bytes: () => new Uint8Array(view.buffer, 0, at),
  };
}

/** Throws past the end. */
function createNumberReader(bytes: Uint8Array): () => number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = -8;
  return () => view.getFloat64((at += 8), true);
}

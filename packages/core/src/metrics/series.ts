import { escapeLabel, floatText, valueText } from "./sample-text.ts";
import type {
  CounterSeries,
  Exemplar,
  ExpositionFormat,
  GaugeSeries,
  HistogramSeries,
  KeptExemplar,
  MetricDefinition,
  SeriesReading,
} from "./registry-contract.ts";

/** A series that can be read, and write its own lines. Line heads are built once, when the series is created. */
export interface WritableSeries {
  write(format: ExpositionFormat, out: string[]): void;
  read(): SeriesReading;
  /** Takes in the reading of another process's series. */
  absorb(reading: SeriesReading): void;
}

/** Longest allowed label set of an exemplar, in characters of names and values (OpenMetrics 1.0). */
const EXEMPLAR_LABEL_CHARACTERS = 128;
const EXEMPLAR_NAME_CHARACTERS = "trace_id".length + "span_id".length;

function labelPairs(names: readonly string[], values: readonly string[]): string {
  return names.map((name, i) => `${name}="${escapeLabel(values[i] ?? "")}"`).join(",");
}

function fits(exemplar: Exemplar): boolean {
  const characters = EXEMPLAR_NAME_CHARACTERS + exemplar.traceId.length + exemplar.spanId.length;
  return characters <= EXEMPLAR_LABEL_CHARACTERS && Number.isFinite(exemplar.timestampSeconds);
}

function keep({ traceId, spanId, timestampSeconds }: Exemplar, value: number): KeptExemplar {
  return { traceId, spanId, timestampSeconds, value };
}

function later(one: KeptExemplar | undefined, other: KeptExemplar | undefined): KeptExemplar | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return other.timestampSeconds > one.timestampSeconds ? other : one;
}

function exemplarText(kept: KeptExemplar | undefined, format: ExpositionFormat): string {
  if (kept === undefined || format === "text") return "";
  const labels = `trace_id="${escapeLabel(kept.traceId)}",span_id="${escapeLabel(kept.spanId)}"`;
  return ` # {${labels}} ${floatText(kept.value)} ${kept.timestampSeconds.toFixed(3)}`;
}

function braces(labels: string): string {
  return labels === "" ? "" : `{${labels}}`;
}

/** Whether a value may be recorded: our quantities are never negative, and one NaN would spoil a sum for ever. */
function isQuantity(value: number): boolean {
  return value >= 0 && value < Infinity;
}

/** Adds up; a negative or non-finite increment is dropped. */
export class Counter implements CounterSeries, WritableSeries {
  readonly #labels: readonly string[];
  readonly #head: string;
  #value = 0;
  #exemplar: KeptExemplar | undefined;

  constructor(definition: MetricDefinition, values: readonly string[]) {
    this.#labels = values;
    this.#head = `${definition.name}_total${braces(labelPairs(definition.labels, values))} `;
  }

  add(value: number, exemplar?: Exemplar): void {
    if (!isQuantity(value)) return;
    this.#value += value;
    if (exemplar !== undefined && fits(exemplar)) this.#exemplar = keep(exemplar, value);
  }

  read(): SeriesReading {
    const exemplar = this.#exemplar;
    return { labels: this.#labels, value: this.#value, ...(exemplar !== undefined && { exemplar }) };
  }

  absorb(reading: SeriesReading): void {
    if (!("value" in reading)) return;
    this.add(reading.value);
    this.#exemplar = later(this.#exemplar, reading.exemplar);
  }

  write(format: ExpositionFormat, out: string[]): void {
    out.push(`${this.#head}${valueText(this.#value)}${exemplarText(this.#exemplar, format)}\n`);
  }
}

/** A value that goes up and down; non-finite values are dropped. */
export class Gauge implements GaugeSeries, WritableSeries {
  readonly #labels: readonly string[];
  readonly #head: string;
  readonly #highest: boolean;
  #value = 0;

  constructor(definition: MetricDefinition, values: readonly string[]) {
    this.#labels = values;
    this.#highest = definition.acrossProcesses === "max";
    this.#head = `${definition.name}${braces(labelPairs(definition.labels, values))} `;
  }

  set(value: number): void {
    if (Number.isFinite(value)) this.#value = value;
  }

  add(value: number): void {
    if (Number.isFinite(value)) this.#value += value;
  }

  read(): SeriesReading {
    return { labels: this.#labels, value: this.#value };
  }

  absorb(reading: SeriesReading): void {
    if (!("value" in reading)) return;
    this.set(this.#highest ? Math.max(this.#value, reading.value) : this.#value + reading.value);
  }

  write(_format: ExpositionFormat, out: string[]): void {
    out.push(`${this.#head}${valueText(this.#value)}\n`);
  }
}

/** First position in the ascending `values` from `start` to `end` whose value, divided, is above `bound`. */
function firstAbove(
  values: Uint32Array | Float64Array,
  start: number,
  end: number,
  bound: number,
  divisor: number,
): number {
  let low = start;
  let high = end;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((values[middle] ?? 0) / divisor <= bound) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Histogram with fixed upper bounds; counts per bucket are kept apart and summed when written. */
export class Histogram implements HistogramSeries, WritableSeries {
  readonly #labels: readonly string[];
  readonly #bounds: readonly number[];
  /** One per bound, the last one for `+Inf`. */
  readonly #counts: Float64Array;
  readonly #exemplars: (KeptExemplar | undefined)[];
  readonly #bucketHeads: readonly string[];
  readonly #sumHead: string;
  readonly #countHead: string;
  #sum = 0;

  constructor(definition: MetricDefinition, values: readonly string[]) {
    this.#labels = values;
    this.#bounds = definition.buckets ?? [];
    this.#counts = new Float64Array(this.#bounds.length + 1);
    this.#exemplars = Array.from({ length: this.#bounds.length + 1 }, () => undefined);
    const labels = labelPairs(definition.labels, values);
    const before = labels === "" ? "" : `${labels},`;
    this.#bucketHeads = [...this.#bounds, Infinity].map(
      (bound) => `${definition.name}_bucket{${before}le="${floatText(bound)}"} `,
    );
    this.#sumHead = `${definition.name}_sum${braces(labels)} `;
    this.#countHead = `${definition.name}_count${braces(labels)} `;
  }

  observe(value: number, exemplar?: Exemplar): void {
    if (!isQuantity(value)) return;
    let low = 0;
    let high = this.#bounds.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (value <= (this.#bounds[middle] ?? Infinity)) high = middle;
      else low = middle + 1;
    }
    this.#counts[low] = (this.#counts[low] ?? 0) + 1;
    this.#sum += value;
    if (exemplar !== undefined && fits(exemplar)) this.#exemplars[low] = keep(exemplar, value);
  }

  read(): SeriesReading {
    const exemplars = new Map<number, KeptExemplar>();
    this.#exemplars.forEach((kept, bucket) => kept !== undefined && exemplars.set(bucket, kept));
    const reading = { labels: this.#labels, counts: [...this.#counts], sum: this.#sum };
    return exemplars.size === 0 ? reading : { ...reading, exemplars };
  }

  absorb(reading: SeriesReading): void {
    // Other bounds cannot be added bucket by bucket.
    if (!("counts" in reading) || reading.counts.length !== this.#counts.length || !isQuantity(reading.sum)) return;
    reading.counts.forEach((count, bucket) => (this.#counts[bucket] = (this.#counts[bucket] ?? 0) + count));
    this.#sum += reading.sum;
    for (const [bucket, kept] of reading.exemplars ?? []) {
      this.#exemplars[bucket] = later(this.#exemplars[bucket], kept);
    }
  }

  observeAscending(values: Uint32Array | Float64Array, divisor: number): void {
    let at = 0;
    let end = values.length;
    // What `observe` drops stands at the ends of a sorted list.
    while (at < end && !isQuantity(values[at] ?? 0)) at += 1;
    while (at < end && !isQuantity(values[end - 1] ?? 0)) end -= 1;
    let sum = 0;
    for (let i = at; i < end; i += 1) sum += values[i] ?? 0;
    this.#sum += sum / divisor;
    for (let bucket = 0; at < end; bucket += 1) {
      const bound = this.#bounds[bucket];
      const next = bound === undefined ? end : firstAbove(values, at, end, bound, divisor);
      this.#counts[bucket] = (this.#counts[bucket] ?? 0) + (next - at);
      at = next;
    }
  }

  write(format: ExpositionFormat, out: string[]): void {
    let cumulative = 0;
    for (let i = 0; i < this.#counts.length; i += 1) {
      cumulative += this.#counts[i] ?? 0;
      out.push(`${this.#bucketHeads[i] ?? ""}${cumulative}${exemplarText(this.#exemplars[i], format)}\n`);
    }
    out.push(`${this.#sumHead}${valueText(this.#sum)}\n`, `${this.#countHead}${cumulative}\n`);
  }
}

/** Instrument kinds of the registry; names as in Prometheus. */
export type InstrumentType = "counter" | "gauge" | "histogram";

/** One metric family, as a row of `names/metrics.ts`. */
export interface MetricDefinition {
  /** Family name, without `_total`. */
  readonly name: string;
  readonly type: InstrumentType;
  /** `# HELP`, one sentence. */
  readonly help: string;
  /** `seconds` writes `# UNIT` in OpenMetrics; other units are never written, as they must be a suffix of the name. */
  readonly unit?:
    | "seconds"
    | "bytes"
    | "retries"
    | "tokens"
    | "tokens_per_second"
    | "requests"
    | "errors"
    | "streams"
    | "samples"
    | "stalls"
    | "spans"
    | "traces";
  /** Label names in exposition order. */
  readonly labels: readonly string[];
  /** Ascending upper bounds, `+Inf` left out; histograms only. */
  readonly buckets?: readonly number[];
  /** How gauges of several processes become one; default: their sum. */
  readonly acrossProcesses?: "max";
  /** Product version that introduced it. */
  readonly since: string;
}

/** An exemplar and the value it was seen with. */
export interface KeptExemplar extends Exemplar {
  readonly value: number;
}

/** Values for every label of the definition. */
export type Labels = Readonly<Record<string, string>>;

/** Identifies the trace behind an observation; only for kept traces. */
export interface Exemplar {
  readonly traceId: string;
  readonly spanId: string;
  /** Unix seconds with fraction. */
  readonly timestampSeconds: number;
}

/** A resolved series; resolve once per request, then record without look-ups. Non-finite values are dropped. */
export interface CounterSeries {
  add(value: number, exemplar?: Exemplar): void;
}
export interface GaugeSeries {
  set(value: number): void;
  add(value: number): void;
}
export interface HistogramSeries {
  observe(value: number, exemplar?: Exemplar): void;
  /**
   * Records each of many values, `value / divisor`, in a few steps per bucket instead of a few per value.
   * @param values in ascending order.
   */
  observeAscending(values: Uint32Array | Float64Array, divisor: number): void;
}

export type ExpositionFormat = "openmetrics" | "text";

/** A series as it stands; the values of its labels are in the order of the definition. */
export type SeriesReading =
  | { readonly labels: readonly string[]; readonly value: number; readonly exemplar?: KeptExemplar }
  | {
      readonly labels: readonly string[];
      /** Observations per bucket, not summed up; the last one is beyond the highest bound. */
      readonly counts: readonly number[];
      readonly sum: number;
      /** The latest exemplar of each bucket that has one. */
      readonly exemplars?: ReadonlyMap<number, KeptExemplar>;
    };

/** A family and all its series. */
export interface FamilyReading {
  readonly definition: MetricDefinition;
  readonly series: readonly SeriesReading[];
}

/**
 * Own metric registry (measurement contract 4). Label values beyond a limit become `__overflow__`; each fold adds to
 * `nexent_monitor_label_overflow{label}`. Recording never throws.
 */
export interface MetricRegistry {
  counter(definition: MetricDefinition, labels: Labels): CounterSeries;
  gauge(definition: MetricDefinition, labels: Labels): GaugeSeries;
  histogram(definition: MetricDefinition, labels: Labels): HistogramSeries;
  /** Whether a series with exactly these labels exists, nothing folded: it is theirs for good and may be kept. */
  has(definition: MetricDefinition, labels: Labels): boolean;
  /** The whole exposition, `# EOF` included in OpenMetrics. `families` limits it to the named ones. */
  expose(format: ExpositionFormat, options?: { readonly families?: readonly string[] }): string;
  /** All families that have a series, for an export in another format. */
  read(): readonly FamilyReading[];
  /**
   * Takes in what another process has read: counters and histograms are added, gauges as their definition says. The
   * limits of this registry hold for what it takes in.
   */
  absorb(families: readonly FamilyReading[]): void;
}

export interface MetricRegistryOptions {
  /** Different model names before `__overflow__`; default 100. */
  readonly maxModels?: number;
  /** Label sets per family; default 1000. */
  readonly maxSeries?: number;
  /** Attributes of `target_info`, in order. */
  readonly resource?: Readonly<Record<string, string>>;
}

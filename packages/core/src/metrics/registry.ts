import { BASE_FAMILIES, METRICS } from "../names/metrics.ts";
import { familyHead, resourceLines } from "./exposition.ts";
import { createLabelLimits, foldSteps, type LabelLimits } from "./label-limits.ts";
import { SeriesIndex } from "./series-index.ts";
import { Counter, Gauge, Histogram, type WritableSeries } from "./series.ts";
import type {
  ExpositionFormat,
  FamilyReading,
  Labels,
  MetricDefinition,
  MetricRegistry,
  MetricRegistryOptions,
} from "./registry-contract.ts";

interface Family {
  readonly definition: MetricDefinition;
  readonly series: SeriesIndex<WritableSeries>;
}

const SERIES_OF = { counter: Counter, gauge: Gauge, histogram: Histogram } as const;
const DEFAULT_MAX_MODELS = 100;
const DEFAULT_MAX_SERIES = 1000;
/** Label sets with `model="__overflow__"` a full family still takes before it folds operation and provider too. */
const OVERFLOW_SERIES = 100;

class OwnRegistry implements MetricRegistry {
  readonly #families = new Map<string, Family>();
  readonly #limits: LabelLimits;
  readonly #maxSeries: number;
  readonly #resource: Readonly<Record<string, string>>;

  constructor(options: MetricRegistryOptions) {
    this.#maxSeries = options.maxSeries ?? DEFAULT_MAX_SERIES;
    this.#resource = options.resource ?? {};
    this.#limits = createLabelLimits({
      maxModels: options.maxModels ?? DEFAULT_MAX_MODELS,
      onFold: (label) => this.counter(METRICS.nexentMonitorLabelOverflow, { label }).add(1),
    });
    for (const definition of BASE_FAMILIES) this.#family(definition);
  }

  counter(definition: MetricDefinition, labels: Labels): Counter {
    return this.#resolve(definition, labels, Counter);
  }

  gauge(definition: MetricDefinition, labels: Labels): Gauge {
    return this.#resolve(definition, labels, Gauge);
  }

  histogram(definition: MetricDefinition, labels: Labels): Histogram {
    return this.#resolve(definition, labels, Histogram);
  }

  has(definition: MetricDefinition, labels: Labels): boolean {
    return this.#asGiven(definition, labels) !== undefined;
  }

  expose(format: ExpositionFormat, options: { readonly families?: readonly string[] } = {}): string {
    const wanted = options.families === undefined ? undefined : new Set(options.families);
    const out: string[] = [];
    for (const { definition, series } of this.#families.values()) {
      if (wanted !== undefined && !wanted.has(definition.name)) continue;
      out.push(familyHead(definition, format));
      for (const one of series.all) one.write(format, out);
    }
    if (wanted === undefined) out.push(resourceLines(this.#resource, format));
    if (format === "openmetrics") out.push("# EOF\n");
    return out.join("");
  }

  read(): readonly FamilyReading[] {
    return [...this.#families.values()]
      .filter(({ series }) => series.size > 0)
      .map(({ definition, series }) => ({ definition, series: series.all.map((one) => one.read()) }));
  }

  absorb(families: readonly FamilyReading[]): void {
    for (const { definition, series } of families) {
      const Series = SERIES_OF[definition.type];
      for (const reading of series) {
        const labels = Object.fromEntries(definition.labels.map((name, i) => [name, reading.labels[i] ?? ""]));
        this.#resolve<WritableSeries>(definition, labels, Series).absorb(reading);
      }
    }
  }

  #family(definition: MetricDefinition): Family {
    let family = this.#families.get(definition.name);
    if (family === undefined) {
      family = { definition, series: new SeriesIndex(definition.labels.length) };
      this.#families.set(definition.name, family);
    }
    return family;
  }

  #asGiven(definition: MetricDefinition, labels: Labels): WritableSeries | undefined {
    return this.#family(definition).series.find(definition.labels, labels);
  }

  #resolve<S extends WritableSeries>(
    definition: MetricDefinition,
    labels: Labels,
    Series: new (definition: MetricDefinition, values: readonly string[]) => S,
  ): S {
    // What was admitted as it came needs no second look at its limits.
    const asGiven = this.#asGiven(definition, labels);
    if (asGiven instanceof Series) return asGiven;
    const { series } = this.#family(definition);
    const values = this.#fitting(definition, series, this.#limits.admit(definition, labels));
    const known = series.findValues(values);
    // Two definitions of one name and different types would be a bug of ours; a fresh series keeps recording harmless.
    if (known instanceof Series) return known;
    const created = new Series(definition, values);
    series.set(values, created);
    return created;
  }

  /** The values themselves while the family has room or knows them, else the first fold it has room for. */
  #fitting(definition: MetricDefinition, series: Family["series"], values: readonly string[]): readonly string[] {
    let fitting = values;
    let room = this.#maxSeries;
    for (const step of foldSteps(definition)) {
      if (series.size < room || series.findValues(fitting) !== undefined) return fitting;
      fitting = this.#limits.fold(definition, fitting, step);
      room += OVERFLOW_SERIES;
    }
    return fitting;
  }
}

/** An empty registry; the five base families show their HELP and TYPE lines at once. */
export function createMetricRegistry(options: MetricRegistryOptions = {}): MetricRegistry {
  return new OwnRegistry(options);
}

import type { CounterSeries, HistogramSeries, MetricDefinition, MetricRegistry } from "@nexent/monitor-core";

/** The base labels of every `llm_*` family; they come first in each. */
export interface BaseLabels {
  readonly model: string;
  readonly operation: string;
  readonly provider: string;
}

/** The series of one model, operation and provider. The values of a family's further labels stand in its own order. */
export interface CallSeries {
  counter(definition: MetricDefinition, first?: string, second?: string): CounterSeries;
  histogram(definition: MetricDefinition, first?: string, second?: string): HistogramSeries;
}

/** Series by family and further labels. */
class Kept<Series> {
  readonly #families = new Map<MetricDefinition, Map<string, Map<string, Series>>>();

  find(definition: MetricDefinition, first: string, second: string): Series | undefined {
    return this.#families.get(definition)?.get(first)?.get(second);
  }

  keep(definition: MetricDefinition, first: string, second: string, series: Series): void {
    let family = this.#families.get(definition);
    if (family === undefined) this.#families.set(definition, (family = new Map()));
    let firsts = family.get(first);
    if (firsts === undefined) family.set(first, (firsts = new Map()));
    firsts.set(second, series);
  }
}

class KeptCallSeries implements CallSeries {
  readonly #registry: MetricRegistry;
  readonly #base: BaseLabels;
  readonly #onKept: () => void;
  readonly #counters = new Kept<CounterSeries>();
  readonly #histograms = new Kept<HistogramSeries>();

  constructor(registry: MetricRegistry, base: BaseLabels, onKept: () => void) {
    this.#registry = registry;
    this.#base = base;
    this.#onKept = onKept;
  }

  counter(definition: MetricDefinition, first = "", second = ""): CounterSeries {
    const found = this.#counters.find(definition, first, second);
    if (found !== undefined) return found;
    const labels = this.#labels(definition, first, second);
    const series = this.#registry.counter(definition, labels);
    if (this.#mayKeep(definition, labels)) this.#counters.keep(definition, first, second, series);
    return series;
  }

  histogram(definition: MetricDefinition, first = "", second = ""): HistogramSeries {
    const found = this.#histograms.find(definition, first, second);
    if (found !== undefined) return found;
    const labels = this.#labels(definition, first, second);
    const series = this.#registry.histogram(definition, labels);
    if (this.#mayKeep(definition, labels)) this.#histograms.keep(definition, first, second, series);
    return series;
  }

  #labels({ labels: names }: MetricDefinition, first: string, second: string): Record<string, string> {
    const labels: Record<string, string> = { ...this.#base };
    const [, , , third, fourth] = names;
    if (third !== undefined) labels[third] = first;
    if (fourth !== undefined) labels[fourth] = second;
    return labels;
  }

  /** What was folded is asked for anew each time: the registry counts every fold, and there may be any number of them. */
  #mayKeep(definition: MetricDefinition, labels: Record<string, string>): boolean {
    const exact = this.#registry.has(definition, labels);
    if (exact) this.#onKept();
    return exact;
  }
}

/** Finds series anew only for labels it has not met: at the end of a call look-ups would cost more than recording. */
export function createCallSeries(registry: MetricRegistry): (labels: BaseLabels) => CallSeries {
  const known = new Map<string, CallSeries>();
  /** Most processes call one model many times in a row. */
  let latest: BaseLabels | undefined;
  let latestSeries: CallSeries | undefined;

  function remember(key: string, base: BaseLabels, series: CallSeries): void {
    known.set(key, series);
    latest = base;
    latestSeries = series;
  }

  return ({ model, operation, provider }) => {
    if (latestSeries !== undefined && latest?.model === model && latest.operation === operation) {
      if (latest.provider === provider) return latestSeries;
    }
    const key = `${model}\n${operation}\n${provider}`;
    const base = { model, operation, provider };
    const found = known.get(key);
    if (found === undefined) {
      const created: CallSeries = new KeptCallSeries(registry, base, () => remember(key, base, created));
      return created;
    }
    remember(key, base, found);
    return found;
  };
}

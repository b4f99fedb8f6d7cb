import type { Labels, MetricDefinition } from "./registry-contract.ts";

/** The value that stands for everything beyond a limit. */
export const OVERFLOW = "__overflow__";

/** Bounds the number of different values per label and of label sets per family (measurement contract 4.3). */
export interface LabelLimits {
  /** Values for `definition.labels`, in order, folded where a limit is reached. */
  admit(definition: MetricDefinition, labels: Labels): readonly string[];
  /** Folds a label set because its family is full: `model` becomes `__overflow__`. */
  foldFamily(definition: MetricDefinition, values: readonly string[]): readonly string[];
}

export interface LabelLimitOptions {
  readonly maxModels: number;
  /** Called once per fold with the label's name. */
  readonly onFold: (label: string) => void;
}

/** Limits of the open labels; all others are closed lists. */
const MAX_OPERATIONS = 50;
const MAX_PROVIDERS = 32;

/** Limits shared by all families of one registry: a model admitted once is admitted everywhere. */
export function createLabelLimits(options: LabelLimitOptions): LabelLimits {
  const limits: Readonly<Record<string, number>> = {
    model: options.maxModels,
    operation: MAX_OPERATIONS,
    provider: MAX_PROVIDERS,
  };
  const seen = new Map<string, Set<string>>();

  function admitValue(label: string, value: string): string {
    const limit = limits[label];
    if (limit === undefined || value === OVERFLOW) return value;
    let values = seen.get(label);
    if (values === undefined) seen.set(label, (values = new Set()));
    if (values.has(value)) return value;
    if (values.size < limit) {
      values.add(value);
      return value;
    }
    options.onFold(label);
    return OVERFLOW;
  }

  return {
    admit: (definition, labels) => definition.labels.map((label) => admitValue(label, labels[label] ?? "")),
    foldFamily(definition, values) {
      options.onFold("model");
      return values.map((value, i) => (definition.labels[i] === "model" ? OVERFLOW : value));
    },
  };
}

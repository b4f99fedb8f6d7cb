import { labelText } from "./label-text.ts";
import type { Labels, MetricDefinition } from "./registry-contract.ts";

/** The value that stands for everything beyond a limit. */
export const OVERFLOW_LABEL = "__overflow__";

/** Limits of the labels whose values are not a closed list (measurement contract 4.3). */
const MAX_OPERATIONS = 50;
const MAX_PROVIDERS = 32;
const MAX_ENDPOINTS = 100;
const MAX_ROUTES = 200;
const OPEN_LABELS: readonly string[] = ["model", "operation", "provider", "endpoint", "http_route"];

/** Bounds the number of different values per label. */
export interface LabelLimits {
  /** Values for `definition.labels`, in order, folded into `__overflow__` where a limit is reached. */
  admit(definition: MetricDefinition, labels: Labels): readonly string[];
  /** The values with the labels in `folded` replaced by `__overflow__`; each replacement counts as a fold. */
  fold(definition: MetricDefinition, values: readonly string[], folded: readonly string[]): readonly string[];
}

export interface LabelLimitOptions {
  readonly maxModels: number;
  /** Called once per fold with the label's name. */
  readonly onFold: (label: string) => void;
}

/** Limits shared by all families of one registry: a model admitted once is admitted everywhere. */
export function createLabelLimits(options: LabelLimitOptions): LabelLimits {
  const limits = new Map([
    ["model", options.maxModels],
    ["operation", MAX_OPERATIONS],
    ["provider", MAX_PROVIDERS],
    ["endpoint", MAX_ENDPOINTS],
    ["http_route", MAX_ROUTES],
  ]);
  const admitted = new Map<string, Set<string>>();

  function admitValue(label: string, value: string): string {
    const limit = limits.get(label);
    if (limit === undefined || value === OVERFLOW_LABEL) return value;
    let values = admitted.get(label);
    if (values === undefined) admitted.set(label, (values = new Set()));
    if (values.has(value)) return value;
    if (values.size < limit) {
      values.add(value);
      return value;
    }
    options.onFold(label);
    return OVERFLOW_LABEL;
  }

  return {
    admit: (definition, labels) => definition.labels.map((label) => admitValue(label, labelText(labels[label] ?? ""))),
    fold: (definition, values, folded) =>
      definition.labels.map((label, i) => {
        const value = values[i] ?? "";
        if (value === OVERFLOW_LABEL || !folded.includes(label)) return value;
        options.onFold(label);
        return OVERFLOW_LABEL;
      }),
  };
}

/**
 * Which labels to fold, step by step, when a family is full: first the model alone, then every open label. Closed lists
 * stay, so that sums by outcome, token type and the like remain right; a family of closed lists cannot grow full.
 */
export function foldSteps(definition: MetricDefinition): readonly (readonly string[])[] {
  const open = definition.labels.filter((label) => OPEN_LABELS.includes(label));
  if (open.length === 0) return [];
  return open.includes("model") ? [["model"], open] : [open];
}

import { labelText } from "./label-text.ts";
import type { Labels, MetricDefinition } from "./registry-contract.ts";

/** The value that stands for everything beyond a limit. */
export const OVERFLOW_LABEL = "__overflow__";

/** Limits of the labels whose values are not a closed list (measurement contract 4.3). */
const MAX_OPERATIONS = 50;
const MAX_PROVIDERS = 32;
const MAX_SERVERS = 100;
const MAX_ENDPOINTS = 100;
const MAX_ROUTES = 200;
/**
 * The labels whose values are not a closed list, and whose limit each shares. The model that answered is no name anybody
 * asked for: it has a limit of its own.
 */
const OPEN_LABELS: ReadonlyMap<string, string> = new Map([
  ["model", "model"],
  ["operation", "operation"],
  ["provider", "provider"],
  ["endpoint", "endpoint"],
  ["http_route", "http_route"],
  ["gen_ai_request_model", "model"],
  ["gen_ai_response_model", "response_model"],
  ["gen_ai_operation_name", "operation"],
  ["gen_ai_provider_name", "provider"],
  ["server_address", "server_address"],
  ["server_port", "server_port"],
]);
/** Folded first when a family is full. */
const MODEL_LABELS: readonly string[] = ["model", "gen_ai_request_model", "gen_ai_response_model"];

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
    ["response_model", options.maxModels],
    ["server_address", MAX_SERVERS],
    ["server_port", MAX_SERVERS],
    ["endpoint", MAX_ENDPOINTS],
    ["http_route", MAX_ROUTES],
  ]);
  const admitted = new Map<string, Set<string>>();

  function admitValue(label: string, value: string): string {
    const shared = OPEN_LABELS.get(label);
    const limit = shared === undefined ? undefined : limits.get(shared);
    // An absent value takes no place from the others.
    if (shared === undefined || limit === undefined || value === OVERFLOW_LABEL || value === "") return value;
    let values = admitted.get(shared);
    if (values === undefined) admitted.set(shared, (values = new Set()));
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
  const open = definition.labels.filter((label) => OPEN_LABELS.has(label));
  if (open.length === 0) return [];
  const models = open.filter((label) => MODEL_LABELS.includes(label));
  return models.length === 0 ? [open] : [models, open];
}

/** The `gen_ai.client.*` metrics of calls (measurement contract 4.5): times from the moment the application asked. */
import {
  GEN_AI_METRICS as NEW,
  GEN_AI_METRICS_V1_41 as OLD,
  type CounterSeries,
  type Exemplar,
  type HistogramSeries,
  type Labels,
  type MetricDefinition,
  type MetricRegistry,
  type TokenClock,
  type TokenTimings,
} from "@nexent/monitor-core";
import type { Semconv } from "../config/config.ts";
import type { CallEnd, LlmCall } from "./recording.ts";
import { operationName, UNKNOWN } from "./span-attributes.ts";

/** One ended call. */
export interface GenAiCall {
  readonly call: LlmCall;
  readonly end: CallEnd;
  /** Timings and marks of its last attempt. */
  readonly timings: TokenTimings;
  readonly clock: TokenClock;
  /** Absent for `abandoned`. */
  readonly durationSeconds: number | undefined;
  /** What passed before the last attempt was sent. */
  readonly waitSeconds: number;
  readonly semconv: Semconv;
  readonly exemplar: Exemplar | undefined;
}

/** Records calls, each once. Only counts of the provider are told, never an estimate; unknown is not observed. */
export interface GenAiMetrics {
  record(call: GenAiCall): void;
}

/** Client operations that are no inference; they have kept the older names. */
const NOT_INFERENCE: readonly string[] = ["embeddings", "retrieval"];
/** Attribute sets whose series are remembered; beyond it all are looked up anew. */
const MAX_KNOWN = 1000;

/** The series of one set of attributes, each looked up once: a call touches up to fifteen of them. */
class AttributeSet {
  readonly isInference: boolean;
  readonly #registry: MetricRegistry;
  readonly #labels: Labels;
  readonly #histograms = new Map<MetricDefinition, Map<string, HistogramSeries>>();
  readonly #counters = new Map<MetricDefinition, Map<string, CounterSeries>>();

  /** @param values of the labels all families share, in their order. */
  constructor(registry: MetricRegistry, values: readonly string[]) {
    this.#registry = registry;
    this.#labels = labelsOf(NEW.genAiClientInferenceTimeToFirstChunk, values);
    this.isInference = !NOT_INFERENCE.includes(values[0] ?? "");
  }

  /** @param more value of the label that only this family has. */
  histogram(family: MetricDefinition, more = ""): HistogramSeries {
    return find(this.#histograms, family, more, () => this.#registry.histogram(family, this.#with(family, more)));
  }

  counter(family: MetricDefinition, more: string): CounterSeries {
    return find(this.#counters, family, more, () => this.#registry.counter(family, this.#with(family, more)));
  }

  #with(family: MetricDefinition, more: string): Labels {
    const own = family.labels.find((label) => this.#labels[label] === undefined);
    return own === undefined ? this.#labels : { ...this.#labels, [own]: more };
  }
}

function labelsOf(family: MetricDefinition, values: readonly string[]): Labels {
  return Object.fromEntries(family.labels.map((label, i) => [label, values[i] ?? ""]));
}

function find<Series>(
  known: Map<MetricDefinition, Map<string, Series>>,
  family: MetricDefinition,
  more: string,
  resolve: () => Series,
): Series {
  let byValue = known.get(family);
  if (byValue === undefined) known.set(family, (byValue = new Map()));
  let series = byValue.get(more);
  if (series === undefined) byValue.set(more, (series = resolve()));
  return series;
}

/** Longest value of a label; the key of what is remembered must not grow with what a server answers. */
const MAX_VALUE_LENGTH = 256;

/** Applications without types hand over anything; what is no text is not known. */
function labelValue(value: unknown): string {
  return typeof value === "string" && value !== UNKNOWN ? value.slice(0, MAX_VALUE_LENGTH) : "";
}

/** Values of the shared labels, in their order; an attribute that is not known is empty. */
function valuesOf({ call, timings }: GenAiCall): string[] {
  return [
    labelValue(operationName(call.operation)),
    // Required by the conventions, so it is told as it is also when nobody named it.
    labelValue(call.provider) || UNKNOWN,
    labelValue(call.modelLabel ?? call.model),
    labelValue(timings.responseModel),
    labelValue(call.serverAddress),
    call.serverPort === undefined ? "" : String(call.serverPort),
  ];
}

/** All that {@link valuesOf} looks at. */
interface Named {
  readonly model: string;
  readonly responseModel: string | undefined;
  readonly operation: string;
  readonly provider: string;
  readonly modelLabel: string | undefined;
  readonly serverAddress: string | undefined;
  readonly serverPort: number | undefined;
}

function namedBy({ call, timings: { responseModel } }: GenAiCall): Named {
  const { operation, provider, model, modelLabel, serverAddress, serverPort } = call;
  return { model, responseModel, operation, provider, modelLabel, serverAddress, serverPort };
}

function isSame(one: Named, other: Named): boolean {
  return (
    one.model === other.model &&
    one.responseModel === other.responseModel &&
    one.operation === other.operation &&
    one.provider === other.provider &&
    one.modelLabel === other.modelLabel &&
    one.serverAddress === other.serverAddress &&
    one.serverPort === other.serverPort
  );
}

/** The three families of times in one version of the conventions. */
interface TimeFamilies {
  readonly duration: MetricDefinition;
  readonly firstChunk: MetricDefinition;
  readonly perChunk: MetricDefinition;
}

const NEW_TIMES: TimeFamilies = {
  duration: NEW.genAiClientInferenceDuration,
  firstChunk: NEW.genAiClientInferenceTimeToFirstChunk,
  perChunk: NEW.genAiClientInferenceTimePerOutputChunk,
};
const OLD_TIMES: TimeFamilies = {
  duration: OLD.genAiClientOperationDuration,
  firstChunk: OLD.genAiClientOperationTimeToFirstChunk,
  perChunk: OLD.genAiClientOperationTimePerOutputChunk,
};

function recordTimes(set: AttributeSet, call: GenAiCall, families: TimeFamilies): void {
  const { end, timings, clock, durationSeconds, waitSeconds, exemplar } = call;
  if (durationSeconds !== undefined) {
    const errorType = end.outcome === "error" ? (end.errorType ?? UNKNOWN) : "";
    set.histogram(families.duration, errorType).observe(durationSeconds, exemplar);
  }
  // Present for streams alone, like the gaps below.
  if (timings.firstChunkMicros === undefined) return;
  set.histogram(families.firstChunk).observe(timings.firstChunkMicros / 1e6 + waitSeconds, exemplar);
  if (timings.countedChunkCount < 2) return;
  set.histogram(families.perChunk).observeAscending(clock.gapsMicros, 1e6);
}

/** Counts per modality as far as the provider told them apart: that is audio, at most. */
function recordUsage(set: AttributeSet, { end, timings: { usage } }: GenAiCall): void {
  if (usage === undefined) return;
  const add = (family: MetricDefinition, count: number | undefined, audio = 0): void => {
    if (count === undefined) return;
    set.counter(family, "unknown").add(Math.max(0, count - audio));
    if (audio > 0) set.counter(family, "audio").add(Math.min(count, audio));
  };
  add(NEW.genAiClientInferenceUsageInputTokens, usage.inputTokens, usage.audioInputTokens);
  add(NEW.genAiClientInferenceUsageOutputTokens, usage.outputTokens, usage.audioOutputTokens);
  add(NEW.genAiClientInferenceUsageCacheReadInputTokens, usage.cacheReadTokens);
  add(NEW.genAiClientInferenceUsageCacheWriteInputTokens, usage.cacheWriteTokens);
  add(NEW.genAiClientInferenceUsageReasoningOutputTokens, usage.reasoningTokens);
  if (end.outcome === "error") return;
  const observe = (family: MetricDefinition, count: number | undefined): void => {
    if (count !== undefined) set.histogram(family).observe(count);
  };
  observe(NEW.genAiClientInferenceOperationInputTokens, usage.inputTokens);
  observe(NEW.genAiClientInferenceOperationOutputTokens, usage.outputTokens);
}

function recordTokenUsage(set: AttributeSet, { timings: { usage } }: GenAiCall): void {
  const observe = (type: string, count: number | undefined): void => {
    if (count !== undefined) set.histogram(OLD.genAiClientTokenUsage, type).observe(count);
  };
  observe("input", usage?.inputTokens);
  observe("output", usage?.outputTokens);
}

/** GenAI metrics that go to `registry`. */
export function createGenAiMetrics(registry: MetricRegistry): GenAiMetrics {
  const known = new Map<string, AttributeSet>();
  /** Most processes make the same call many times in a row. */
  let latest: { readonly named: Named; readonly set: AttributeSet } | undefined;

  function setOf(call: GenAiCall): AttributeSet {
    const named = namedBy(call);
    if (latest !== undefined && isSame(latest.named, named)) return latest.set;
    const set = lookUp(call);
    latest = { named, set };
    return set;
  }

  function lookUp(call: GenAiCall): AttributeSet {
    const values = valuesOf(call);
    const key = values.join("\u0000");
    let set = known.get(key);
    if (set === undefined) {
      if (known.size >= MAX_KNOWN) known.clear();
      known.set(key, (set = new AttributeSet(registry, values)));
    }
    return set;
  }

  return {
    record(call) {
      const set = setOf(call);
      const asNew = set.isInference && call.semconv !== "v1.41";
      const asOld = call.semconv !== "v0.1.0";
      if (asNew) recordTimes(set, call, NEW_TIMES);
      if (asOld || !set.isInference) recordTimes(set, call, OLD_TIMES);
      if (asNew) recordUsage(set, call);
      if (asOld) recordTokenUsage(set, call);
    },
  };
}

import type { Objectives } from "./objectives.ts";
import type { Tokenizer } from "./tokenizer.ts";
import { readContentCapture, type ContentCapture, type RedactContent } from "./content-capture.ts";
import { readDestination, type TraceDestination } from "./destination.ts";
import { readPropagators, readVerbosity, type Propagator, type Verbosity } from "./diagnostic-settings.ts";
import { readMetricsExport, type MetricsExport } from "./metrics-export.ts";
import { readSpanLimits, type SpanLimits } from "./span-limits.ts";
import { EnvironmentReader, type ConfigProblem, type Environment, type NumberRange } from "./readers.ts";

/** Which attribute names of the GenAI conventions are written. */
export type Semconv = "v0.1.0" | "v1.41" | "dup";

/** Settings of the SDK, resolved and frozen (measurement contract 7). */
export interface MonitorConfig extends Objectives {
  readonly enabled: boolean;
  readonly serviceName: string;
  readonly resourceAttributes: Readonly<Record<string, string>>;
  /** Where traces go; absent when their export is turned off. */
  readonly destination: TraceDestination | undefined;
  /** Head probability of a trace, 0 to 1. */
  readonly sampleRate: number;
  readonly slowRequestSeconds: number;
  /** Tokens per second. */
  readonly slowTokenRate: number;
  readonly semconv: Semconv;
  readonly tokenTape: boolean;
  readonly tokenTapeMaxBytes: number;
  readonly estimateTokens: boolean;
  /** Counts the output tokens of answers without usage, better than by their bytes. */
  readonly tokenizer?: Tokenizer;
  readonly exemplars: boolean;
  /** Where prompts and answers are recorded; absent: nowhere. */
  readonly captureContent?: ContentCapture;
  readonly stallMinSeconds: number;
  readonly stallFactor: number;
  readonly stallFirstTokenSeconds: number;
  readonly maxModels: number;
  readonly maxSeries: number;
  /** Bounds of the traces that wait for their tail decision; the spans are per trace. */
  readonly tailMaxTraces: number;
  readonly tailMaxSpans: number;
  readonly tailMaxAgeSeconds: number;
  readonly streamIdleSeconds: number;
  readonly shutdownTimeoutMs: number;
  readonly metricsExport: MetricsExport;
  /** Span queue: wait before a batch that is not full is sent, bound, batch size, longest export. */
  readonly exportDelayMs: number;
  readonly exportQueueSpans: number;
  readonly exportBatchSpans: number;
  readonly exportTimeoutMs: number;
  readonly spanLimits: SpanLimits;
  /** Formats of the trace context in requests of the application, for instrumentation that passes it on. */
  readonly propagators: readonly Propagator[];
  readonly verbosity: Verbosity;
  /** Hosts, with their port where it is not the usual one, that `register` observes besides those of known providers. */
  readonly fetchHosts: readonly string[];
  /** Bad values that were replaced by their default. */
  readonly problems: readonly ConfigProblem[];
}

/** What code may set; it wins over the environment. */
export interface MonitorOptions extends Objectives {
  readonly enabled?: boolean;
  readonly serviceName?: string;
  readonly serviceVersion?: string;
  /** Trace address in any form that `JAEGER_ENDPOINT` takes. */
  readonly endpoint?: string;
  readonly sampleRate?: number;
  readonly slowRequestSeconds?: number;
  readonly slowTokenRate?: number;
  readonly semconv?: Semconv;
  readonly tokenTape?: boolean;
  readonly tokenTapeMaxBytes?: number;
  readonly estimateTokens?: boolean;
  /** Counts the output tokens of answers without usage, e.g. `gptTokenizer()` of `@nexent/monitor/tokenizer`. */
  readonly tokenizer?: Tokenizer;
  readonly exemplars?: boolean;
  /** Cleans the prompts and answers that `OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT` lets through. */
  readonly redactContent?: RedactContent;
  readonly stallMinSeconds?: number;
  readonly stallFactor?: number;
  readonly stallFirstTokenSeconds?: number;
  readonly maxModels?: number;
  readonly maxSeries?: number;
  readonly tailMaxTraces?: number;
  readonly tailMaxSpans?: number;
  readonly tailMaxAgeSeconds?: number;
  readonly streamIdleSeconds?: number;
  readonly shutdownTimeoutMs?: number;
}

export interface ReadConfigOptions extends MonitorOptions {
  /** Service name when neither code nor environment give one; default `nexent-backend`. */
  readonly defaultServiceName?: string;
}

const POSITIVE: NumberRange = { min: 0, above: true };
const COUNT: NumberRange = { min: 1, integer: true };
const LEAST_TAPE_CHARACTERS = 64;

/** Head probability: our variable, else the standard sampler variables, else everything. */
function readSampleRate(reader: EnvironmentReader): number {
  const own = reader.number("TELEMETRY_SAMPLE_RATE", { min: 0, max: 1 });
  if (own !== undefined || reader.text("TELEMETRY_SAMPLE_RATE") !== undefined) return own ?? 1;
  const sampler = reader.text("OTEL_TRACES_SAMPLER")?.toLowerCase().replace("parentbased_", "");
  if (sampler === "always_off") return 0;
  if (sampler === "traceidratio") return reader.number("OTEL_TRACES_SAMPLER_ARG", { min: 0, max: 1 }) ?? 1;
  return 1;
}

function readServiceName(
  reader: EnvironmentReader,
  resource: Readonly<Record<string, string>>,
  options: ReadConfigOptions,
): string {
  const given =
    options.serviceName || reader.text("SERVICE_NAME") || reader.text("OTEL_SERVICE_NAME") || resource["service.name"];
  return given || reader.text("npm_package_name") || options.defaultServiceName || "nexent-backend";
}

function readObjectives(reader: EnvironmentReader, options: MonitorOptions): Objectives {
  const ttft = options.sloTtftSeconds ?? reader.number("LLM_MONITOR_SLO_TTFT_SECONDS", POSITIVE);
  const tpot = options.sloTpotSeconds ?? reader.number("LLM_MONITOR_SLO_TPOT_SECONDS", POSITIVE);
  const duration = options.sloDurationSeconds ?? reader.number("LLM_MONITOR_SLO_DURATION_SECONDS", POSITIVE);
  return {
    ...(ttft !== undefined && { sloTtftSeconds: ttft }),
    ...(tpot !== undefined && { sloTpotSeconds: tpot }),
    ...(duration !== undefined && { sloDurationSeconds: duration }),
  };
}

function readThresholds(reader: EnvironmentReader, options: MonitorOptions) {
  const stallMin = reader.number("LLM_MONITOR_STALL_MIN_SECONDS", POSITIVE);
  const stallFactor = reader.number("LLM_MONITOR_STALL_FACTOR", POSITIVE);
  const stallFirst = reader.number("LLM_MONITOR_STALL_FIRST_TOKEN_SECONDS", POSITIVE);
  return {
    slowRequestSeconds:
      options.slowRequestSeconds ?? reader.number("LLM_SLOW_REQUEST_THRESHOLD_SECONDS", POSITIVE) ?? 5,
    slowTokenRate: options.slowTokenRate ?? reader.number("LLM_SLOW_TOKEN_RATE_THRESHOLD", POSITIVE) ?? 10,
    stallMinSeconds: options.stallMinSeconds ?? stallMin ?? 2,
    stallFactor: options.stallFactor ?? stallFactor ?? 10,
    stallFirstTokenSeconds: options.stallFirstTokenSeconds ?? stallFirst ?? 60,
  };
}

function readSwitches(reader: EnvironmentReader, options: MonitorOptions) {
  return {
    tokenTape: options.tokenTape ?? reader.boolean("LLM_MONITOR_TOKEN_TAPE") ?? true,
    estimateTokens: options.estimateTokens ?? reader.boolean("LLM_MONITOR_ESTIMATE_TOKENS") ?? true,
    exemplars: options.exemplars ?? reader.boolean("LLM_MONITOR_EXEMPLARS") ?? true,
    semconv: options.semconv ?? reader.oneOf("LLM_MONITOR_SEMCONV", ["v0.1.0", "v1.41", "dup"]) ?? "v0.1.0",
  };
}

function readTailBounds(reader: EnvironmentReader, options: MonitorOptions) {
  const ageSeconds = reader.number("LLM_MONITOR_TAIL_MAX_AGE_SECONDS", { min: 1 });
  return {
    tailMaxTraces: options.tailMaxTraces ?? reader.number("LLM_MONITOR_TAIL_MAX_TRACES", COUNT) ?? 2000,
    tailMaxSpans: options.tailMaxSpans ?? reader.number("LLM_MONITOR_TAIL_MAX_SPANS", COUNT) ?? 1000,
    tailMaxAgeSeconds: options.tailMaxAgeSeconds ?? ageSeconds ?? 600,
  };
}

function readBounds(reader: EnvironmentReader, options: MonitorOptions) {
  const tapeBytes = reader.number("LLM_MONITOR_TOKEN_TAPE_MAX_BYTES", { min: LEAST_TAPE_CHARACTERS, integer: true });
  const shutdownMs = reader.number("LLM_MONITOR_SHUTDOWN_TIMEOUT_MS", { min: 0, max: 600_000 });
  return {
    tokenTapeMaxBytes: options.tokenTapeMaxBytes ?? tapeBytes ?? 16_384,
    maxModels: options.maxModels ?? reader.number("LLM_MONITOR_MAX_MODELS", COUNT) ?? 100,
    maxSeries: options.maxSeries ?? reader.number("LLM_MONITOR_MAX_SERIES", COUNT) ?? 1000,
    streamIdleSeconds: options.streamIdleSeconds ?? reader.number("LLM_MONITOR_STREAM_IDLE_SECONDS", POSITIVE) ?? 600,
    shutdownTimeoutMs: options.shutdownTimeoutMs ?? shutdownMs ?? 2000,
  };
}

/** The queue in front of the exporter. A batch larger than the queue would never be full. */
function readBatching(reader: EnvironmentReader) {
  const queueSpans = reader.number("OTEL_BSP_MAX_QUEUE_SIZE", COUNT) ?? 2048;
  return {
    exportDelayMs: reader.number("OTEL_BSP_SCHEDULE_DELAY", { min: 0, max: 600_000 }) ?? 500,
    exportQueueSpans: queueSpans,
    exportBatchSpans: Math.min(reader.number("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", COUNT) ?? 512, queueSpans),
    exportTimeoutMs: reader.number("OTEL_BSP_EXPORT_TIMEOUT", { min: 0, above: true, max: 600_000 }) ?? 30_000,
  };
}

/** A tape that is cut cannot be read: a bound of attribute texts is one of the tape, and below its least size it is off. */
function fittingTape(
  { tokenTape, tokenTapeMaxBytes }: Pick<MonitorConfig, "tokenTape" | "tokenTapeMaxBytes">,
  { attributeValueLengthLimit = Infinity }: SpanLimits,
): Pick<MonitorConfig, "tokenTape" | "tokenTapeMaxBytes"> {
  return {
    tokenTape: tokenTape && attributeValueLengthLimit >= LEAST_TAPE_CHARACTERS,
    tokenTapeMaxBytes: Math.min(tokenTapeMaxBytes, attributeValueLengthLimit),
  };
}

/** Options that are present but not of their kind count as not given, like a bad variable. */
function checkedOptions(reader: EnvironmentReader, options: ReadConfigOptions): ReadConfigOptions {
  const checked: Record<string, unknown> = { ...options };
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || isUsable(name, value)) continue;
    reader.problem(name, "is not a value this option can take");
    delete checked[name];
  }
  return checked;
}

function isUsable(name: string, value: unknown): boolean {
  if (name === "sampleRate") return typeof value === "number" && value >= 0 && value <= 1;
  if (name === "tokenizer" || name === "redactContent") return typeof value === "function";
  if (name === "semconv") return value === "v0.1.0" || value === "v1.41" || value === "dup";
  if (/Name$|Version$|^endpoint$/.test(name)) return typeof value === "string" && value !== "";
  if (/Seconds$|Rate$|Factor$|^max|^tailMax|Bytes$|Ms$/.test(name))
    return typeof value === "number" && Number.isFinite(value) && value >= 0;
  return typeof value === "boolean";
}

/**
 * Environment and options -> frozen config. Order: option, our variable, `OTEL_*`, default. Never throws; what could not
 * be used stands in `problems`.
 */
export function readMonitorConfig(env: Environment, given: ReadConfigOptions = {}): MonitorConfig {
  const reader = new EnvironmentReader(env);
  const options = checkedOptions(reader, given);
  const resource = reader.pairs("OTEL_RESOURCE_ATTRIBUTES");
  const off = reader.boolean("OTEL_SDK_DISABLED") === true;
  const enabled = options.enabled ?? reader.boolean("ENABLE_TELEMETRY") ?? false;
  const serviceName = readServiceName(reader, resource, options);
  const spanLimits = readSpanLimits(reader);
  const [switches, bounds] = [readSwitches(reader, options), readBounds(reader, options)];
  const captureContent = readContentCapture(reader, options.redactContent);
  const version = options.serviceVersion ?? resource["service.version"];
  return Object.freeze({
    enabled: enabled && !off,
    serviceName,
    resourceAttributes: {
      ...resource,
      "service.name": serviceName,
      ...(version !== undefined && { "service.version": version }),
    },
    destination: readDestination(reader, options.endpoint),
    sampleRate: options.sampleRate ?? readSampleRate(reader),
    ...readThresholds(reader, options),
    ...switches,
    ...bounds,
    ...readTailBounds(reader, options),
    ...fittingTape({ ...switches, ...bounds }, spanLimits),
    ...readBatching(reader),
    metricsExport: readMetricsExport(reader),
    spanLimits,
    propagators: readPropagators(reader),
    verbosity: readVerbosity(reader),
    ...readObjectives(reader, options),
    ...(captureContent !== undefined && { captureContent }),
    ...(options.tokenizer !== undefined && { tokenizer: options.tokenizer }),
    fetchHosts: (reader.text("LLM_MONITOR_FETCH_HOSTS") ?? "")
      .toLowerCase()
      .split(/[\s,]+/)
      .filter(Boolean),
    problems: reader.problems,
  });
}

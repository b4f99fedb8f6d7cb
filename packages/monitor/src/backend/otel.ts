/** The only file that knows OpenTelemetry. Types come from it at compile time, code at run time through the loader. */
import type * as OtelApi from "@opentelemetry/api";
import type * as OtelContext from "@opentelemetry/context-async-hooks";
import type * as OtelResources from "@opentelemetry/resources";
import type * as OtelTrace from "@opentelemetry/sdk-trace";
import { LIMITS } from "@nexent/monitor-core";
import { randomnessOf, thresholdOf, withThreshold } from "../sampling/consistent-probability.ts";
import type { Attributes, BackendHealth, BackendSpan, SpanBackend, SpanContext, SpanStart } from "./backend.ts";
import { versionSeenFrom, type LoadResult, type PackageLoader } from "./load.ts";
import { createOtlpTransport } from "./otlp-transport.ts";
import { createSpanSender, type DropReason, type SpanSender } from "./span-sender.ts";

/** Where spans go and how. */
interface OtlpDestination {
  readonly url: string;
  readonly protocol: "http/protobuf" | "http/json";
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly gzip: boolean;
}

export interface OtelBackendOptions {
  readonly loader: PackageLoader;
  readonly destination: OtlpDestination;
  /** Resource attributes, `service.name` included. */
  readonly resource: Readonly<Record<string, string>>;
  /** Instrumentation scope version. */
  readonly version: string;
  /** Head probability of a trace without a parent, 0 to 1. */
  readonly sampleRate: number;
  /** Follow calls across `await` and register globally; false for a host that passes parents itself. */
  readonly context: boolean;
  /** File of the program that was started; its own `@opentelemetry/api` must not be newer than ours. */
  readonly application?: string;
  /** Send delay of a batch that is not full. */
  readonly delayMs: number;
  readonly queueSpans: number;
  readonly batchSpans: number;
  readonly onExported?: (count: number) => void;
  readonly onDropped?: (count: number, reason: DropReason) => void;
  readonly onExportFailure?: (reason: string) => void;
}

/** How the start went. `unavailable` has one reason in a sentence. */
export type OtelStart =
  | {
      readonly status: "started";
      readonly backend: SpanBackend;
      readonly tracing: "own" | "host";
      readonly warning?: string;
    }
  | { readonly status: "unavailable"; readonly reason: string; readonly broken: boolean };

const SCOPE = "@nexent/monitor";
const API = "@opentelemetry/api";
const SDK = "@opentelemetry/sdk-trace";
const RESOURCES = "@opentelemetry/resources";
const CONTEXT = "@opentelemetry/context-async-hooks";
const TRANSFORMER = "@opentelemetry/otlp-transformer";
const EXPORTERS = ["@opentelemetry/exporter-trace-otlp-proto", "@opentelemetry/exporter-trace-otlp-http"];

type Api = typeof OtelApi;
type Span = OtelApi.Span;

/** The serialisers of otlp-transformer; its types are not declared by any package we depend on. */
interface TraceSerializers {
  readonly ProtobufTraceSerializer: { serializeRequest(spans: OtelTrace.ReadableSpan[]): Uint8Array | undefined };
  readonly JsonTraceSerializer: { serializeRequest(spans: OtelTrace.ReadableSpan[]): Uint8Array | undefined };
}

interface Modules {
  readonly api: Api;
  readonly sdk: typeof OtelTrace;
  readonly resources: typeof OtelResources;
  readonly hooks: typeof OtelContext;
  readonly serializers: TraceSerializers;
}

type Unavailable = Extract<OtelStart, { status: "unavailable" }>;

function parts(version: string): readonly [number, number] {
  const [major = "0", minor = "0"] = version.split(".");
  return [Number(major), Number(minor)];
}

const ACCEPTED: Readonly<Record<string, (major: number, minor: number) => boolean>> = {
  [API]: (major, minor) => major === 1 && minor >= 9,
  [SDK]: (major, minor) => (major === 2 && minor >= 12) || major === 3,
  [RESOURCES]: (major, minor) => (major === 2 && minor >= 12) || major === 3,
  [CONTEXT]: (major, minor) => (major === 2 && minor >= 12) || major === 3,
  [TRANSFORMER]: (major, minor) => major > 0 || minor >= 223,
};

/** Why tracing cannot work with this package; undefined when it can. A version we were not made for cannot. */
function unusable(name: string, result: LoadResult): Unavailable | undefined {
  if (result.status === "missing") {
    return { status: "unavailable", reason: `${name} is not installed; install @nexent/performance`, broken: false };
  }
  if (result.status === "broken") {
    const reason = `${name} is installed but cannot be loaded: ${result.reason}`;
    return { status: "unavailable", reason, broken: true };
  }
  const [major, minor] = parts(result.version);
  if (ACCEPTED[name]?.(major, minor) !== false) return undefined;
  return { status: "unavailable", reason: `${name} ${result.version} is not a supported version`, broken: true };
}

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the border to code we know by name and version only
function exportsOf<Module>(result: LoadResult): Module {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the same border
  return (result.status === "loaded" ? result.exports : {}) as Module;
}

function loadSdk(api: Api, loader: PackageLoader): Modules | Unavailable {
  const loaded = {
    [SDK]: loader.load(SDK),
    [RESOURCES]: loader.load(RESOURCES),
    [CONTEXT]: loader.load(CONTEXT),
    // The serialiser is a dependency of either exporter: it comes with them and may not be hoisted.
    [TRANSFORMER]: loader.load(TRANSFORMER, EXPORTERS),
  };
  for (const [name, result] of Object.entries(loaded)) {
    const problem = unusable(name, result);
    if (problem !== undefined) return problem;
  }
  return {
    api,
    sdk: exportsOf(loaded[SDK]),
    resources: exportsOf(loaded[RESOURCES]),
    hooks: exportsOf(loaded[CONTEXT]),
    serializers: exportsOf(loaded[TRANSFORMER]),
  };
}

/** A provider of the host, or a value its processors choke on, may throw: the host's call must not feel it. */
function quietly(work: () => void): void {
  try {
    work();
  } catch {
    // One attribute, event or span is lost.
  }
}

function hrTime(unixMicros: number): OtelApi.HrTime {
  const seconds = Math.floor(unixMicros / 1e6);
  return [seconds, Math.round((unixMicros - seconds * 1e6) * 1000)];
}

class OtelSpan implements BackendSpan {
  readonly #span: Span;
  readonly #api: Api;
  readonly context: SpanContext;

  constructor(api: Api, span: Span) {
    this.#api = api;
    this.#span = span;
    const { traceId, spanId, traceFlags, traceState } = span.spanContext();
    this.context = { traceId, spanId, traceFlags, ...(traceState && { traceState: traceState.serialize() }) };
  }

  get inner(): Span {
    return this.#span;
  }

  get recording(): boolean {
    return this.#span.isRecording();
  }

  setAttributes(attributes: Attributes): void {
    quietly(() => this.#span.setAttributes(mutable(attributes)));
  }

  updateName(name: string): void {
    quietly(() => this.#span.updateName(name));
  }

  addEvent(name: string, attributes?: Attributes, atUnixMicros?: number): void {
    const time = atUnixMicros === undefined ? undefined : hrTime(atUnixMicros);
    quietly(() => this.#span.addEvent(name, attributes && mutable(attributes), time));
  }

  end(options: { readonly error?: string | true; readonly endUnixMicros?: number } = {}): void {
    const { error, endUnixMicros } = options;
    if (error !== undefined) {
      const status = { code: this.#api.SpanStatusCode.ERROR };
      quietly(() => this.#span.setStatus(error === true ? status : { ...status, message: error }));
    }
    quietly(() => this.#span.end(endUnixMicros === undefined ? undefined : hrTime(endUnixMicros)));
  }
}

/** OpenTelemetry asks for mutable arrays and copies them; ours are read-only by type. */
function mutable(attributes: Attributes): OtelApi.Attributes {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only the readonly of the arrays is dropped
  return attributes as OtelApi.Attributes;
}

const KINDS = { internal: "INTERNAL", server: "SERVER", client: "CLIENT" } as const;

interface BackendParts {
  readonly api: Api;
  readonly tracer: OtelApi.Tracer;
  readonly follow: boolean;
  readonly health: () => BackendHealth;
  readonly flush: (timeoutMs: number) => Promise<void>;
  readonly shutdown: (timeoutMs: number) => Promise<void>;
}

/** Spans and context over the API alone, so that it is the same for our own and for the host's provider. */
function backendOver({ api, tracer, follow, health, flush, shutdown }: BackendParts): SpanBackend {
  const ownerKey = api.createContextKey("nexent.monitor.owner");
  const wrapped = new WeakMap<Span, OtelSpan>();
  const wrap = (span: Span): OtelSpan => {
    let own = wrapped.get(span);
    if (own === undefined) wrapped.set(span, (own = new OtelSpan(api, span)));
    return own;
  };
  const parentContext = (start: SpanStart): OtelApi.Context => {
    const { parent } = start;
    if (parent === undefined) return api.context.active();
    const { traceState, ...rest } = parent;
    const remote = {
      ...rest,
      isRemote: true,
      ...(traceState !== undefined && { traceState: api.createTraceState(traceState) }),
    };
    return api.trace.setSpanContext(api.ROOT_CONTEXT, remote);
  };
  return {
    name: "otel",
    startSpan(start) {
      const options: OtelApi.SpanOptions = { kind: api.SpanKind[KINDS[start.kind]] };
      if (start.attributes !== undefined) options.attributes = mutable(start.attributes);
      if (start.startUnixMicros !== undefined) options.startTime = hrTime(start.startUnixMicros);
      return wrap(tracer.startSpan(start.name, options, parentContext(start)));
    },
    withSpan(span, fn, owner) {
      if (!follow || !(span instanceof OtelSpan)) return fn();
      const context = api.trace.setSpan(api.context.active(), span.inner);
      return api.context.with(owner === undefined ? context : context.setValue(ownerKey, owner), fn);
    },
    activeSpan() {
      const span = follow ? api.trace.getActiveSpan() : undefined;
      return span && wrap(span);
    },
    activeOwner() {
      const owner: unknown = follow ? api.context.active().getValue(ownerKey) : undefined;
      return typeof owner === "object" && owner !== null ? owner : undefined;
    },
    get health() {
      return health();
    },
    flush,
    shutdown,
  };
}

/** Root decision of {@link OtelTrace.ParentBasedSampler}: consistent probability, written as `ot=th:…`. */
function rootSampler({ api, sdk }: Modules, probability: number): OtelTrace.Sampler {
  const { threshold, encoded } = thresholdOf(probability);
  return {
    shouldSample(context, traceId) {
      const state = api.trace.getSpanContext(context)?.traceState;
      const sampled = randomnessOf(traceId, state?.get("ot")) >= threshold;
      if (!sampled || encoded === undefined) return { decision: sdk.SamplingDecision.NOT_RECORD };
      const traceState = (state ?? api.createTraceState()).set("ot", withThreshold(state?.get("ot"), encoded));
      return { decision: sdk.SamplingDecision.RECORD_AND_SAMPLED, traceState };
    },
    toString: () => `ConsistentProbability{${probability}}`,
  };
}

function provider(
  modules: Modules,
  options: OtelBackendOptions,
  onEnd: (span: OtelTrace.ReadableSpan) => void,
): OtelTrace.TracerProvider {
  const processor: OtelTrace.SpanProcessor = {
    onStart() {},
    onEnd(span) {
      if ((span.spanContext().traceFlags & modules.api.TraceFlags.SAMPLED) !== 0) onEnd(span);
    },
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
  return new modules.sdk.TracerProvider({
    resource: modules.resources.resourceFromAttributes({ ...options.resource }),
    sampler: new modules.sdk.ParentBasedSampler({ root: rootSampler(modules, options.sampleRate) }),
    spanProcessors: [processor],
  });
}

/** Attribute and event text of a span in bytes, roughly; the tape dominates. */
function sizeOf(span: OtelTrace.ReadableSpan): number {
  let bytes = 256;
  for (const value of Object.values(span.attributes)) bytes += 32 + (typeof value === "string" ? value.length : 16);
  return bytes + span.events.length * 256;
}

function encoderOf({ serializers }: Modules, protocol: OtlpDestination["protocol"]) {
  const serializer = protocol === "http/json" ? serializers.JsonTraceSerializer : serializers.ProtobufTraceSerializer;
  return (spans: OtelTrace.ReadableSpan[]) => serializer.serializeRequest(spans);
}

/** A wrong constructor shape exports nothing and reports nothing, so one span is sent through to an in-memory sink. */
function probe(modules: Modules, options: OtelBackendOptions): string | undefined {
  const seen: OtelTrace.ReadableSpan[] = [];
  const probed = provider(modules, { ...options, sampleRate: 1 }, (span) => seen.push(span));
  probed.getTracer(SCOPE).startSpan("probe", {}, modules.api.ROOT_CONTEXT).end();
  if (seen.length !== 1) return "a probe span did not reach its processor";
  const bytes = encoderOf(modules, options.destination.protocol)(seen);
  return bytes === undefined || bytes.byteLength === 0 ? "a probe span could not be encoded" : undefined;
}

function senderOf(modules: Modules, options: OtelBackendOptions): SpanSender<OtelTrace.ReadableSpan> {
  const { destination } = options;
  return createSpanSender({
    transport: createOtlpTransport({
      url: destination.url,
      contentType: destination.protocol === "http/json" ? "application/json" : "application/x-protobuf",
      headers: destination.headers,
      timeoutMs: destination.timeoutMs,
      gzip: destination.gzip,
    }),
    encode: encoderOf(modules, destination.protocol),
    sizeOf,
    maxItems: options.queueSpans,
    maxBytes: LIMITS.spanQueueBytes,
    batchItems: options.batchSpans,
    delayMs: options.delayMs,
    retryMs: { first: 1_000, longest: 5_000 },
    ...(options.onExported && { onExported: options.onExported }),
    ...(options.onDropped && { onDropped: options.onDropped }),
    ...(options.onExportFailure && { onFailure: options.onExportFailure }),
  });
}

/** Registers provider and context manager with the API; false when another API version owns the registration. */
function register({ api, hooks }: Modules, own: OtelTrace.TracerProvider): boolean {
  if (!api.context.setGlobalContextManager(new hooks.AsyncLocalStorageContextManager().enable())) return false;
  return api.trace.setGlobalTracerProvider(own);
}

function unregister({ api }: Modules): void {
  api.trace.disable();
  api.context.disable();
}

function startOwn(modules: Modules, options: OtelBackendOptions): OtelStart {
  const problem = probe(modules, options);
  if (problem !== undefined) return { status: "unavailable", reason: problem, broken: true };
  const sender = senderOf(modules, options);
  const own = provider(modules, options, (span) => sender.push(span));
  const registered = options.context && register(modules, own);
  const backend = backendOver({
    api: modules.api,
    tracer: own.getTracer(SCOPE, options.version),
    follow: registered,
    health: () => sender.health,
    flush: (timeoutMs) => sender.flush(timeoutMs),
    async shutdown(timeoutMs) {
      if (registered) unregister(modules);
      await sender.close(timeoutMs);
    },
  });
  const warning = options.context ? apiMismatch(options, registered) : undefined;
  return { status: "started", backend, tracing: "own", ...(warning !== undefined && { warning }) };
}

/** A newer API asks an older registration for nothing and says nothing: the application's own spans would be lost. */
function apiMismatch({ application, loader }: OtelBackendOptions, registered: boolean): string | undefined {
  if (!registered) return `another version of ${API} is registered in this process: spans are not linked to its spans`;
  const own = loader.load(API);
  const seen = application === undefined ? undefined : versionSeenFrom(application, API);
  if (seen === undefined || own.status !== "loaded") return undefined;
  const [[ownMajor, ownMinor], [major, minor]] = [parts(own.version), parts(seen)];
  if (major < ownMajor || (major === ownMajor && minor <= ownMinor)) return undefined;
  return `the application uses ${API} ${seen}, newer than ${own.version}: the spans it starts itself are lost`;
}

const HOST_HEALTH: BackendHealth = { exported: 0, dropped: 0, exportFailures: 0 };

function startOnHost(api: Api, tracer: OtelApi.Tracer): OtelStart {
  // The host's provider flushes and stops on the host's word, not on ours.
  const nothing = (): Promise<void> => Promise.resolve();
  const backend = backendOver({
    api,
    tracer,
    follow: true,
    health: () => HOST_HEALTH,
    flush: nothing,
    shutdown: nothing,
  });
  return { status: "started", backend, tracing: "host" };
}

/** The tracer of a provider that the host has registered; absent while the API still answers with its no-op. */
function hostTracer(api: Api, version: string): OtelApi.Tracer | undefined {
  const registered = api.trace.getTracerProvider();
  if (!(registered instanceof api.ProxyTracerProvider)) return registered.getTracer(SCOPE, version);
  return registered.getDelegateTracer(SCOPE, version);
}

/** Loads OpenTelemetry and starts a backend on it: on the host's provider if there is one, else on our own. Never throws. */
export function startOtelBackend(options: OtelBackendOptions): OtelStart {
  try {
    const loaded = options.loader.load(API);
    const problem = unusable(API, loaded);
    if (problem !== undefined) return problem;
    const api = exportsOf<Api>(loaded);
    const host = options.context ? hostTracer(api, options.version) : undefined;
    if (host !== undefined) return startOnHost(api, host);
    const modules = loadSdk(api, options.loader);
    return "status" in modules ? modules : startOwn(modules, options);
  } catch (error) {
    const reason = error instanceof Error ? error.message : "OpenTelemetry failed to start";
    return { status: "unavailable", reason, broken: true };
  }
}

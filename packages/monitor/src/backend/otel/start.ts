/** Starts spans on OpenTelemetry. Only this folder knows it: types at compile time, code at run time through the loader. */
import type * as OtelApi from "@opentelemetry/api";
import type * as OtelTrace from "@opentelemetry/sdk-trace";
import { LIMITS } from "@nexent/monitor-core";
import type { TraceDestination } from "../../config/destination.ts";
import type { BackendHealth, SpanBackend } from "../backend.ts";
import { versionSeenFrom } from "../load.ts";
import { createTransport } from "../destination-transport.ts";
import { createSpanSender, type DropReason, type SpanSender } from "../span-sender.ts";
import { encoderFor, sizeOf, type SpanEncoder } from "./encoding.ts";
import {
  API,
  exportsOf,
  isNewerApi,
  loadApi,
  loadSdk,
  unusable,
  type Api,
  type Modules,
  type Unavailable,
} from "./packages.ts";
import { createProvider, type ProviderOptions } from "./provider.ts";
import { register, type RegistrationOptions } from "./registration.ts";
import { createSpanProcessor, type TailOptions } from "./span-processor.ts";
import { backendOver } from "./spans.ts";

export interface OtelBackendOptions extends ProviderOptions, RegistrationOptions {
  readonly destination: TraceDestination;
  /** Instrumentation scope version. */
  readonly version: string;
  /** Follow calls across `await` and register globally; false for a host that passes parents itself. */
  readonly context: boolean;
  /** File of the program that was started: where its own `@opentelemetry/api` is newer than ours, that one is used. */
  readonly application?: string;
  /** Send delay of a batch that is not full. */
  readonly delayMs: number;
  readonly queueSpans: number;
  readonly batchSpans: number;
  readonly tail: TailOptions;
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
  | Unavailable;

const SCOPE = "@nexent/monitor";
const TRACE_EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

/** The probe span is head-sampled: it meets none of these, and nobody counts it. */
const PROBE_TAIL: TailOptions = { maxTraces: 1, maxSpans: 1, maxAgeMs: 1000, slowRequestSeconds: () => 1 };

/** A wrong constructor shape exports nothing and reports nothing, so one span is sent through to an in-memory sink. */
function probe(modules: Modules, options: OtelBackendOptions, encode: SpanEncoder): string | undefined {
  const seen: OtelTrace.ReadableSpan[] = [];
  const processor = createSpanProcessor(modules.api, (span) => seen.push(span), PROBE_TAIL);
  const probed = createProvider(modules, { ...options, sampleRate: 1 }, processor);
  probed.getTracer(SCOPE).startSpan("probe", {}, modules.api.ROOT_CONTEXT).end();
  if (seen.length !== 1) return "a probe span did not reach its processor";
  const bytes = encode(seen);
  return bytes === undefined || bytes.byteLength === 0 ? "a probe span could not be encoded" : undefined;
}

function senderOf(options: OtelBackendOptions, encode: SpanEncoder): SpanSender<OtelTrace.ReadableSpan> {
  return createSpanSender({
    transport: createTransport(options.destination, TRACE_EXPORT),
    encode,
    sizeOf,
    maxItems: options.queueSpans,
    maxBytes: LIMITS.spanQueueBytes,
    batchItems: options.batchSpans,
    batchBytes: LIMITS.spanBatchBytes,
    delayMs: options.delayMs,
    retryMs: { first: 1_000, longest: 5_000 },
    ...(options.onExported && { onExported: options.onExported }),
    ...(options.onDropped && { onDropped: options.onDropped }),
    ...(options.onExportFailure && { onFailure: options.onExportFailure }),
  });
}

function startOwn(modules: Modules, apiVersion: string, options: OtelBackendOptions): OtelStart {
  const encode = encoderFor(options.destination.protocol, options.loader);
  if (typeof encode !== "function") return encode;
  const problem = probe(modules, options, encode);
  if (problem !== undefined) return { status: "unavailable", reason: problem, broken: true };
  const sender = senderOf(options, encode);
  const processor = createSpanProcessor(modules.api, (span) => sender.push(span), options.tail);
  const own = createProvider(modules, options, processor);
  const unregister = options.context ? register(modules, own, options) : undefined;
  const registered = unregister !== undefined;
  const backend = backendOver({
    api: modules.api,
    tracer: own.getTracer(SCOPE, options.version),
    follow: registered,
    demand: (span, reason) => processor.demand(span, reason),
    health: () => sender.health,
    flush: (timeoutMs) => sender.flush(timeoutMs),
    async shutdown(timeoutMs) {
      unregister?.();
      processor.close();
      await sender.close(timeoutMs);
    },
  });
  const warning = options.context ? apiMismatch(options, apiVersion, registered) : undefined;
  return { status: "started", backend, tracing: "own", ...(warning !== undefined && { warning }) };
}

/** What keeps the application's own spans from us, in a sentence. */
function apiMismatch({ application }: OtelBackendOptions, used: string, registered: boolean): string | undefined {
  if (!registered) return `another version of ${API} is registered in this process: spans are not linked to its spans`;
  const seen = application === undefined ? undefined : versionSeenFrom(application, API);
  if (seen === undefined || !isNewerApi(seen, used)) return undefined;
  return `the application uses ${API} ${seen}, which cannot be used here beside ${used}: the spans it starts itself are lost`;
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
    const loaded = loadApi(options.loader, options.context ? options.application : undefined);
    const problem = unusable(API, loaded);
    if (problem !== undefined) return problem;
    const api = exportsOf<Api>(loaded);
    const host = options.context ? hostTracer(api, options.version) : undefined;
    if (host !== undefined) return startOnHost(api, host);
    const modules = loadSdk(api, options.loader);
    if ("status" in modules) return modules;
    return startOwn(modules, loaded.status === "loaded" ? loaded.version : "unknown", options);
  } catch (error) {
    const reason = error instanceof Error ? error.message : "OpenTelemetry failed to start";
    return { status: "unavailable", reason, broken: true };
  }
}

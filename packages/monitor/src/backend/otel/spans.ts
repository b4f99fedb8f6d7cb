/** Spans and context over the OpenTelemetry API alone. */
import type * as OtelApi from "@opentelemetry/api";
import type { Attributes, BackendHealth, BackendSpan, SpanBackend, SpanContext, SpanStart } from "../backend.ts";
import type { KeepReason } from "../../sampling/keep-reason.ts";
import type { Api } from "./packages.ts";
import { requestsAreTraced } from "./traced-requests.ts";

type Span = OtelApi.Span;

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

/** Tells our own processor that a span demands a keep; the host's provider cannot be told. */
type Demand = (span: Span, reason: KeepReason) => void;

/** The context of a span that was started here. */
class LocalContext implements SpanContext {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceFlags: number;
  readonly traceState?: string;
  readonly #span: Span;

  constructor(span: Span) {
    const { traceId, spanId, traceFlags, traceState } = span.spanContext();
    this.#span = span;
    this.traceId = traceId;
    this.spanId = spanId;
    this.traceFlags = traceFlags;
    if (traceState !== undefined) this.traceState = traceState.serialize();
  }

  get span(): Span {
    return this.#span;
  }
}

class OtelSpan implements BackendSpan {
  readonly #span: Span;
  readonly #api: Api;
  readonly #demand: Demand | undefined;
  #context: LocalContext | undefined;

  constructor(api: Api, span: Span, demand: Demand | undefined) {
    this.#api = api;
    this.#span = span;
    this.#demand = demand;
  }

  get context(): SpanContext {
    this.#context ??= new LocalContext(this.#span);
    return this.#context;
  }

  get inner(): Span {
    return this.#span;
  }

  get recording(): boolean {
    return this.#span.isRecording();
  }

  setAttribute(name: string, value: Attributes[string]): void {
    // As `quietly`, without a closure: a call has dozens of them.
    try {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only the readonly of the arrays is dropped
      this.#span.setAttribute(name, value as OtelApi.AttributeValue);
    } catch {
      // One attribute is lost.
    }
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

  keep(reason: KeepReason): boolean {
    if ((this.context.traceFlags & this.#api.TraceFlags.SAMPLED) !== 0) return true;
    if (this.#demand === undefined || !this.recording) return false;
    this.#demand(this.#span, reason);
    return true;
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

/** What {@link backendOver} puts together. */
export interface BackendParts {
  readonly api: Api;
  readonly tracer: OtelApi.Tracer;
  readonly follow: boolean;
  /** Absent where the host decides what is exported. */
  readonly demand?: Demand;
  readonly health: () => BackendHealth;
  readonly flush: (timeoutMs: number) => Promise<void>;
  readonly shutdown: (timeoutMs: number) => Promise<void>;
}

/** Spans and context over the API alone, so that it is the same for our own and for the host's provider. */
export function backendOver({ api, tracer, follow, demand, health, flush, shutdown }: BackendParts): SpanBackend {
  // Each of these is a getter of the API's module.
  const { context: contexts, trace, ROOT_CONTEXT, SpanKind } = api;
  const ownerKey = api.createContextKey("nexent.monitor.owner");
  const parentContext = (start: SpanStart): OtelApi.Context => {
    const { parent } = start;
    if (parent === undefined) return contexts.active();
    // A parent that was started here is no remote one: its child is not the root of anything.
    if (parent instanceof LocalContext) return trace.setSpan(ROOT_CONTEXT, parent.span);
    const { traceId, spanId, traceFlags, traceState } = parent;
    const remote: OtelApi.SpanContext = { traceId, spanId, traceFlags, isRemote: true };
    if (traceState !== undefined) remote.traceState = api.createTraceState(traceState);
    return trace.setSpanContext(ROOT_CONTEXT, remote);
  };
  return {
    name: "otel",
    startSpan(start) {
      const options: OtelApi.SpanOptions = { kind: SpanKind[KINDS[start.kind]] };
      if (start.attributes !== undefined) options.attributes = mutable(start.attributes);
      if (start.startUnixMicros !== undefined) options.startTime = hrTime(start.startUnixMicros);
      return new OtelSpan(api, tracer.startSpan(start.name, options, parentContext(start)), demand);
    },
    withSpan(span, fn, owner) {
      if (!follow || !(span instanceof OtelSpan)) return fn();
      const context = trace.setSpan(contexts.active(), span.inner);
      return contexts.with(owner === undefined ? context : context.setValue(ownerKey, owner), fn);
    },
    contextIsUsed: () => follow && (contexts.active() !== ROOT_CONTEXT || requestsAreTraced()),
    activeSpan() {
      const span = follow ? trace.getActiveSpan() : undefined;
      return span && new OtelSpan(api, span, demand);
    },
    activeOwner() {
      const owner: unknown = follow ? contexts.active().getValue(ownerKey) : undefined;
      return typeof owner === "object" && owner !== null ? owner : undefined;
    },
    get health() {
      return health();
    },
    flush,
    shutdown,
  };
}

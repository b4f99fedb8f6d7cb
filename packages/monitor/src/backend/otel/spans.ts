/** Spans and context over the OpenTelemetry API alone. */
import type * as OtelApi from "@opentelemetry/api";
import type { Attributes, BackendHealth, BackendSpan, SpanBackend, SpanContext, SpanStart } from "../backend.ts";
import type { KeepReason } from "../../sampling/keep-reason.ts";
import type { Api } from "./packages.ts";

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

class OtelSpan implements BackendSpan {
  readonly #span: Span;
  readonly #api: Api;
  readonly #demand: Demand | undefined;
  readonly context: SpanContext;

  constructor(api: Api, span: Span, demand: Demand | undefined) {
    this.#api = api;
    this.#span = span;
    this.#demand = demand;
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
  const ownerKey = api.createContextKey("nexent.monitor.owner");
  const wrapped = new WeakMap<Span, OtelSpan>();
  const byContext = new WeakMap<SpanContext, Span>();
  const wrap = (span: Span): OtelSpan => {
    let own = wrapped.get(span);
    if (own === undefined) {
      wrapped.set(span, (own = new OtelSpan(api, span, demand)));
      byContext.set(own.context, span);
    }
    return own;
  };
  const parentContext = (start: SpanStart): OtelApi.Context => {
    const { parent } = start;
    if (parent === undefined) return api.context.active();
    // A parent that was started here is no remote one: its child is not the root of anything.
    const local = byContext.get(parent);
    if (local !== undefined) return api.trace.setSpan(api.ROOT_CONTEXT, local);
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

/** Our own tracer provider and its place in the OpenTelemetry API. */
import type * as OtelTrace from "@opentelemetry/sdk-trace";
import type { SpanLimits } from "../../config/span-limits.ts";
import type { Modules } from "./packages.ts";
import { headSampler } from "./sampler.ts";

export interface ProviderOptions {
  /** Resource attributes, `service.name` included. */
  readonly resource: Readonly<Record<string, string>>;
  /** Head probability of a trace without a parent, 0 to 1. */
  readonly sampleRate: number;
  readonly spanLimits?: SpanLimits;
}

/** A provider whose spans go through `processor`. */
export function createProvider(
  modules: Modules,
  options: ProviderOptions,
  processor: OtelTrace.SpanProcessor,
): OtelTrace.TracerProvider {
  return new modules.sdk.TracerProvider({
    resource: modules.resources.resourceFromAttributes({ ...options.resource }),
    ...(options.spanLimits && { spanLimits: options.spanLimits }),
    sampler: headSampler(modules, options.sampleRate),
    spanProcessors: [processor],
  });
}

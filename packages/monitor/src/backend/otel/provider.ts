/** Our own tracer provider and its place in the OpenTelemetry API. */
import type * as OtelTrace from "@opentelemetry/sdk-trace";
import type { SpanLimits } from "../../config/span-limits.ts";
import type { Modules } from "./packages.ts";
import { rootSampler } from "./sampler.ts";
import { createSpanProcessor, type SpanSink } from "./span-processor.ts";

export interface ProviderOptions {
  /** Resource attributes, `service.name` included. */
  readonly resource: Readonly<Record<string, string>>;
  /** Head probability of a trace without a parent, 0 to 1. */
  readonly sampleRate: number;
  readonly spanLimits?: SpanLimits;
}

/** A provider whose exported spans go to `sink`. */
export function createProvider(modules: Modules, options: ProviderOptions, sink: SpanSink): OtelTrace.TracerProvider {
  return new modules.sdk.TracerProvider({
    resource: modules.resources.resourceFromAttributes({ ...options.resource }),
    ...(options.spanLimits && { spanLimits: options.spanLimits }),
    sampler: new modules.sdk.ParentBasedSampler({ root: rootSampler(modules, options.sampleRate) }),
    spanProcessors: [createSpanProcessor(modules.api, sink)],
  });
}

/** Our place in the OpenTelemetry API of the process. */
import type * as OtelApi from "@opentelemetry/api";
import type * as OtelTrace from "@opentelemetry/sdk-trace";
import type { Propagator } from "../../config/diagnostic-settings.ts";
import type { PackageLoader } from "../load.ts";
import { loadPropagators, type Modules } from "./packages.ts";

export interface RegistrationOptions {
  readonly loader: PackageLoader;
  /** In which formats instrumentation of the application passes the trace context on. */
  readonly propagators: readonly Propagator[];
  /** Hears OpenTelemetry's own diagnostics; absent: they stay where the application sends them. */
  readonly onDiagnostic?: ((message: string) => void) | undefined;
}

/**
 * Registers provider, context manager and propagators. Returns what gives the places back; undefined when another API
 * version owns the registration.
 */
export function register(
  { api, hooks }: Modules,
  own: OtelTrace.TracerProvider,
  { loader, propagators, onDiagnostic }: RegistrationOptions,
): (() => void) | undefined {
  if (!api.context.setGlobalContextManager(new hooks.AsyncLocalStorageContextManager().enable())) return undefined;
  if (!api.trace.setGlobalTracerProvider(own)) {
    api.context.disable();
    return undefined;
  }
  const propagator = propagatorOf(loader, propagators);
  const propagates = propagator !== undefined && api.propagation.setGlobalPropagator(propagator);
  if (onDiagnostic !== undefined) api.diag.setLogger(loggerTo(onDiagnostic), { suppressOverrideMessage: true });
  return () => {
    api.trace.disable();
    api.context.disable();
    if (propagates) api.propagation.disable();
    if (onDiagnostic !== undefined) api.diag.disable();
  };
}

function loggerTo(tell: (message: string) => void): OtelApi.DiagLogger {
  // The parts after the message may hold anything, an exporter's headers too.
  return { error: tell, warn: tell, info: tell, debug: tell, verbose: tell };
}

function propagatorOf(loader: PackageLoader, names: readonly Propagator[]): OtelApi.TextMapPropagator | undefined {
  const core = names.length === 0 ? undefined : loadPropagators(loader);
  if (core === undefined) return undefined;
  const classes = { tracecontext: core.W3CTraceContextPropagator, baggage: core.W3CBaggagePropagator };
  return new core.CompositePropagator({ propagators: names.map((name) => new classes[name]()) });
}

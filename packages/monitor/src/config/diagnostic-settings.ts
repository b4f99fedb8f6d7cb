/** Variables of OpenTelemetry about what is passed on to other services and what is told to the operator. */
import type { EnvironmentReader } from "./readers.ts";

export type Propagator = "tracecontext" | "baggage";
const PROPAGATORS: readonly Propagator[] = ["tracecontext", "baggage"];

/** `OTEL_PROPAGATORS`: those we have, in the given order; none for `none`. Default: both. */
export function readPropagators(reader: EnvironmentReader): readonly Propagator[] {
  const variable = "OTEL_PROPAGATORS";
  const text = reader.text(variable)?.toLowerCase();
  if (text === undefined) return PROPAGATORS;
  const names = new Set(text.split(",").map((name) => name.trim()));
  if (names.has("none")) return [];
  const known = [...names].flatMap((name) => PROPAGATORS.find((one) => one === name) ?? []);
  if (known.length < names.size) reader.problem(variable, "names a propagator other than tracecontext, baggage, none");
  return known.length === 0 ? PROPAGATORS : known;
}

/** What is told: nothing, warnings, or the diagnostics of OpenTelemetry too. */
export type Verbosity = "silent" | "warnings" | "all";

/** `OTEL_LOG_LEVEL`. We have warnings alone, so that `error` is as quiet as `none`; default: warnings. */
export function readVerbosity(reader: EnvironmentReader): Verbosity {
  const levels = ["none", "error", "warn", "info", "debug", "verbose", "all"] as const;
  const level = reader.oneOf("OTEL_LOG_LEVEL", levels) ?? "info";
  if (level === "none" || level === "error") return "silent";
  return level === "warn" || level === "info" ? "warnings" : "all";
}

/** The OpenTelemetry packages: which versions work, and how they come into the process. */
import type * as OtelApi from "@opentelemetry/api";
import type * as OtelContext from "@opentelemetry/context-async-hooks";
import type * as OtelResources from "@opentelemetry/resources";
import type * as OtelTrace from "@opentelemetry/sdk-trace";
import { loadSeenFrom, versionSeenFrom, type LoadResult, type PackageLoader } from "../load.ts";

export type Api = typeof OtelApi;

export const API = "@opentelemetry/api";
const SDK = "@opentelemetry/sdk-trace";
const RESOURCES = "@opentelemetry/resources";
const CONTEXT = "@opentelemetry/context-async-hooks";
const TRANSFORMER = "@opentelemetry/otlp-transformer";
/** Comes along with the SDK and may not be hoisted. */
const CORE = "@opentelemetry/core";
const EXPORTERS = ["@opentelemetry/exporter-trace-otlp-proto", "@opentelemetry/exporter-trace-otlp-http"];

/** Turns what it is given into the body of an export request; undefined when it cannot. */
interface Serializer<Given> {
  serializeRequest(given: Given): Uint8Array | undefined;
}

/** The serialisers of otlp-transformer; its types are not declared by any package we depend on. */
export interface Serializers {
  readonly ProtobufTraceSerializer: Serializer<OtelTrace.ReadableSpan[]>;
  readonly JsonTraceSerializer: Serializer<OtelTrace.ReadableSpan[]>;
  readonly ProtobufMetricsSerializer: Serializer<object>;
  readonly JsonMetricsSerializer: Serializer<object>;
}

/** The propagators of `@opentelemetry/core`, which no package of ours depends on by itself. */
interface Propagators {
  readonly W3CTraceContextPropagator: new () => OtelApi.TextMapPropagator;
  readonly W3CBaggagePropagator: new () => OtelApi.TextMapPropagator;
  readonly CompositePropagator: new (options: {
    readonly propagators: OtelApi.TextMapPropagator[];
  }) => OtelApi.TextMapPropagator;
}

/** Everything our own provider needs. */
export interface Modules {
  readonly api: Api;
  readonly sdk: typeof OtelTrace;
  readonly resources: typeof OtelResources;
  readonly hooks: typeof OtelContext;
}

/** Why spans cannot work, in a sentence; `broken` is worth a warning, merely missing is not. */
export interface Unavailable {
  readonly status: "unavailable";
  readonly reason: string;
  readonly broken: boolean;
}

/** Major and minor number. */
export function parts(version: string): readonly [number, number] {
  const [major = "0", minor = "0"] = version.split(".");
  return [Number(major), Number(minor)];
}

/** Whether an API asks a registration made with `than` for nothing, and says nothing. */
export function isNewerApi(version: string, than: string): boolean {
  const [[major, minor], [ownMajor, ownMinor]] = [parts(version), parts(than)];
  return major > ownMajor || (major === ownMajor && minor > ownMinor);
}

const ACCEPTED: Readonly<Record<string, (major: number, minor: number) => boolean>> = {
  [API]: (major, minor) => major === 1 && minor >= 9,
  [SDK]: (major, minor) => (major === 2 && minor >= 12) || major === 3,
  [RESOURCES]: (major, minor) => (major === 2 && minor >= 12) || major === 3,
  [CONTEXT]: (major, minor) => (major === 2 && minor >= 12) || major === 3,
  [TRANSFORMER]: (major, minor) => major > 0 || minor >= 223,
};

/** Why tracing cannot work with this package; undefined when it can. A version we were not made for cannot. */
export function unusable(name: string, result: LoadResult): Unavailable | undefined {
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
export function exportsOf<Module>(result: LoadResult): Module {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the same border
  return (result.status === "loaded" ? result.exports : {}) as Module;
}

/**
 * The API to register with: ours, or that of the application where it is newer. A registration serves every API up to its
 * own version, so the newest serves all.
 * @param application file of the program that was started.
 */
export function loadApi(loader: PackageLoader, application: string | undefined): LoadResult {
  const own = loader.load(API);
  const seen = application === undefined ? undefined : versionSeenFrom(application, API);
  if (application === undefined || seen === undefined) return own;
  if (own.status !== "loaded" || !isNewerApi(seen, own.version)) return own;
  const newer = loadSeenFrom(application, API);
  return unusable(API, newer) === undefined && isApi(newer) ? newer : own;
}

function isApi(result: LoadResult): boolean {
  const { trace, context } = exportsOf<Partial<Api>>(result);
  return trace !== undefined && context !== undefined;
}

/** Loads the SDK beside an API that is loaded already. */
export function loadSdk(api: Api, loader: PackageLoader): Modules | Unavailable {
  const loaded = {
    [SDK]: loader.load(SDK),
    [RESOURCES]: loader.load(RESOURCES),
    [CONTEXT]: loader.load(CONTEXT),
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
  };
}

/** Loads the serialisers of OTLP. They are a dependency of either exporter: they come with it and may not be hoisted. */
export function loadSerializers(loader: PackageLoader): Serializers | Unavailable {
  const result = loader.load(TRANSFORMER, EXPORTERS);
  return unusable(TRANSFORMER, result) ?? exportsOf<Serializers>(result);
}

/** Loads the propagators; undefined where they cannot be found, which costs no span. */
export function loadPropagators(loader: PackageLoader): Propagators | undefined {
  const result = loader.load(CORE, [SDK]);
  return result.status === "loaded" ? exportsOf<Propagators>(result) : undefined;
}

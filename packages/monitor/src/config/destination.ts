import { PORTS } from "@nexent/monitor-core";
import type { EnvironmentReader } from "./readers.ts";

/** Protocols of OTLP, by the names of `OTEL_EXPORTER_OTLP_PROTOCOL`. */
export type OtlpProtocol = "http/protobuf" | "http/json" | "grpc";

/** Where a signal goes and how. */
export interface Destination<Protocol extends string = OtlpProtocol> {
  readonly protocol: Protocol;
  /** Final address; of a gRPC address only scheme, host and port count. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Longest export request. */
  readonly timeoutMs: number;
  readonly gzip: boolean;
}

export type TraceDestination = Destination<OtlpProtocol | "jaeger-thrift">;

export const DEFAULT_JAEGER_ENDPOINT = `http://localhost:${PORTS.jaegerThrift.port}/api/traces`;
const DEFAULT_TIMEOUT_MS = 10_000;
const PROTOCOLS = ["http/protobuf", "http/json", "grpc"] as const;

/** Signals of OTLP and the path of each below a base address. */
const PATHS = { TRACES: "/v1/traces", METRICS: "/v1/metrics" } as const;
type Signal = keyof typeof PATHS;

/** What an address says about its protocol by its form alone. */
interface EndpointForm {
  readonly over: "jaeger-thrift" | "otlp-http" | "grpc";
  readonly url: string;
}

/** Protocol and final address of a `JAEGER_ENDPOINT` form; `guessed` asks for a warning; undefined when it is no URL. */
export function readEndpointForm(text: string): (EndpointForm & { readonly guessed?: true }) | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  // `localhost:4318` and the like are no URLs of ours: the caller reports a bad value.
  if (url === undefined || !["http:", "https:", "grpc:", "grpcs:"].includes(url.protocol)) return undefined;
  if (url.protocol.startsWith("grpc")) return { over: "grpc", url: text };
  const path = url.pathname.replace(/\/+$/, "");
  if (path.endsWith("/api/traces")) return { over: "jaeger-thrift", url: text };
  if (url.port === "14268" && path === "") return { over: "jaeger-thrift", url: withPath(url, "/api/traces") };
  if (path === PATHS.TRACES) return { over: "otlp-http", url: text };
  if (url.port === "4318") return { over: "otlp-http", url: path === "" ? withPath(url, PATHS.TRACES) : text };
  if (url.port === "4317") return { over: "grpc", url: text };
  return { over: "jaeger-thrift", url: text, guessed: true };
}

function withPath(url: URL, path: string): string {
  const copy = new URL(url);
  copy.pathname = path;
  return copy.href;
}

function jaegerForm(reader: EnvironmentReader, text: string, variable: string): EndpointForm | undefined {
  const form = readEndpointForm(text);
  if (form === undefined) return reader.problem(variable, "is not an http, https or grpc URL");
  if (form.guessed)
    reader.problem(variable, "is neither an OTLP nor a Jaeger address by its path or port; taken as Jaeger thrift");
  return form;
}

/** The variable of the signal, else the general one. */
function perSignal(reader: EnvironmentReader, signal: Signal, name: string): string {
  const own = `OTEL_EXPORTER_OTLP_${signal}_${name}`;
  return reader.text(own) === undefined ? `OTEL_EXPORTER_OTLP_${name}` : own;
}

function otlpProtocol(reader: EnvironmentReader, signal: Signal): OtlpProtocol {
  return reader.oneOf(perSignal(reader, signal, "PROTOCOL"), PROTOCOLS) ?? "http/protobuf";
}

function isOtlpUrl(text: string): boolean {
  return URL.canParse(text) && ["http:", "https:"].includes(new URL(text).protocol);
}

/** The OTLP address of a signal: its own as it is, else the general one with the path of the signal. */
function otlpUrl(reader: EnvironmentReader, signal: Signal): string | undefined {
  const own = `OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`;
  const given = reader.text(own);
  if (given !== undefined) {
    if (isOtlpUrl(given)) return given;
    reader.problem(own, "is not an http or https URL");
  }
  const base = reader.text("OTEL_EXPORTER_OTLP_ENDPOINT");
  if (base === undefined) return undefined;
  if (!isOtlpUrl(base)) return reader.problem("OTEL_EXPORTER_OTLP_ENDPOINT", "is not an http or https URL");
  return base.replace(/\/*$/, PATHS[signal]);
}

function timeoutMs(reader: EnvironmentReader, signal: Signal): number {
  return reader.number(perSignal(reader, signal, "TIMEOUT"), { min: 0, above: true }) ?? DEFAULT_TIMEOUT_MS;
}

function otlpDestination(
  reader: EnvironmentReader,
  signal: Signal,
  { url, protocol }: { readonly url: string; readonly protocol: OtlpProtocol },
): Destination {
  return {
    protocol,
    url,
    headers: reader.pairs(perSignal(reader, signal, "HEADERS")),
    timeoutMs: timeoutMs(reader, signal),
    gzip: reader.oneOf(perSignal(reader, signal, "COMPRESSION"), ["none", "gzip"]) === "gzip",
  };
}

function formDestination(reader: EnvironmentReader, { over, url }: EndpointForm): TraceDestination {
  if (over === "jaeger-thrift") {
    // The headers are meant for an OTLP receiver and may hold its key; Jaeger's collector reads no compressed thrift.
    return { protocol: over, url, headers: {}, timeoutMs: timeoutMs(reader, "TRACES"), gzip: false };
  }
  const asked = otlpProtocol(reader, "TRACES");
  const protocol = over === "grpc" ? over : asked === "grpc" ? "http/protobuf" : asked;
  return otlpDestination(reader, "TRACES", { url, protocol });
}

/**
 * The one destination of traces; undefined when that export is turned off. First match: the option, `JAEGER_ENDPOINT`,
 * the OTLP traces endpoint, the OTLP endpoint, the default. A bad address is noted and the next one is asked.
 */
export function readDestination(reader: EnvironmentReader, endpoint?: string): TraceDestination | undefined {
  if (reader.text("OTEL_TRACES_EXPORTER")?.toLowerCase() === "none") return undefined;
  const jaeger = reader.text("JAEGER_ENDPOINT");
  const form =
    (endpoint === undefined ? undefined : jaegerForm(reader, endpoint, "endpoint")) ??
    (jaeger === undefined ? undefined : jaegerForm(reader, jaeger, "JAEGER_ENDPOINT"));
  if (form !== undefined) return formDestination(reader, form);
  const url = otlpUrl(reader, "TRACES");
  if (url !== undefined) return otlpDestination(reader, "TRACES", { url, protocol: otlpProtocol(reader, "TRACES") });
  return formDestination(reader, { over: "jaeger-thrift", url: DEFAULT_JAEGER_ENDPOINT });
}

/**
 * Where metrics are pushed to; undefined when nobody asked for it. The general address alone asks for traces only: what
 * stands there is often a trace store, and metrics are there to be scraped.
 * @param asked whether `OTEL_METRICS_EXPORTER` names `otlp`, which makes the general address one of metrics too.
 */
export function readMetricsDestination(reader: EnvironmentReader, asked: boolean): Destination | undefined {
  if (!asked && reader.text("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT") === undefined) return undefined;
  const url = otlpUrl(reader, "METRICS");
  if (url === undefined) return undefined;
  return otlpDestination(reader, "METRICS", { url, protocol: otlpProtocol(reader, "METRICS") });
}

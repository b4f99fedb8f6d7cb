import type { EnvironmentReader } from "./readers.ts";

/** How traces leave the process; the form of an address decides (measurement contract 7). */
export type TraceProtocol = "otlp-http" | "otlp-grpc" | "jaeger-thrift";

/** Where traces go. `none`: that export is turned off. */
export type TraceDestination =
  | { readonly kind: "none" }
  | {
      readonly kind: "otlp-http";
      readonly url: string;
      readonly encoding: "http/protobuf" | "http/json";
      readonly headers: Readonly<Record<string, string>>;
      readonly timeoutMs: number;
      readonly gzip: boolean;
    }
  | { readonly kind: "unsupported"; readonly protocol: "otlp-grpc" | "jaeger-thrift"; readonly url: string };

export const DEFAULT_JAEGER_ENDPOINT = "http://localhost:14268/api/traces";
const TRACES_PATH = "/v1/traces";

/** Protocol and final address of a `JAEGER_ENDPOINT` form; `guessed` asks for a warning; undefined when it is no URL. */
export function readEndpointForm(
  text: string,
): { readonly protocol: TraceProtocol; readonly url: string; readonly guessed?: true } | undefined {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    // `localhost:4318` and the like: the caller reports a bad value.
    return undefined;
  }
  if (url.protocol === "grpc:") return { protocol: "otlp-grpc", url: text };
  if (url.protocol !== "http:" && url.protocol !== "https:") return undefined;
  const path = url.pathname.replace(/\/+$/, "");
  if (path.endsWith("/api/traces")) return { protocol: "jaeger-thrift", url: text };
  if (url.port === "14268" && path === "") return { protocol: "jaeger-thrift", url: withPath(url, "/api/traces") };
  if (path === TRACES_PATH) return { protocol: "otlp-http", url: text };
  if (url.port === "4318") return { protocol: "otlp-http", url: path === "" ? withPath(url, TRACES_PATH) : text };
  if (url.port === "4317") return { protocol: "otlp-grpc", url: text };
  return { protocol: "jaeger-thrift", url: text, guessed: true };
}

function withPath(url: URL, path: string): string {
  const copy = new URL(url);
  copy.pathname = path;
  return copy.href;
}

function isHttpUrl(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url?.protocol === "http:" || url?.protocol === "https:";
}

/** Address, and what its form or the protocol variable says about the protocol. */
interface Target {
  readonly protocol: TraceProtocol;
  readonly url: string;
}

function jaegerTarget(reader: EnvironmentReader, text: string, variable: string): Target | undefined {
  const form = readEndpointForm(text);
  if (form === undefined) return reader.problem(variable, "is not an http, https or grpc URL");
  if (form.guessed)
    reader.problem(variable, "is neither an OTLP nor a Jaeger address by its path or port; taken as Jaeger thrift");
  return form;
}

function otlpTarget(reader: EnvironmentReader): Target | undefined {
  const protocol = reader.text("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL") ?? reader.text("OTEL_EXPORTER_OTLP_PROTOCOL");
  const over = protocol === "grpc" ? "otlp-grpc" : "otlp-http";
  const own = reader.text("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
  if (own !== undefined) {
    if (isHttpUrl(own)) return { protocol: over, url: own };
    reader.problem("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "is not an http or https URL");
  }
  const base = reader.text("OTEL_EXPORTER_OTLP_ENDPOINT");
  if (base === undefined) return undefined;
  if (!isHttpUrl(base)) return reader.problem("OTEL_EXPORTER_OTLP_ENDPOINT", "is not an http or https URL");
  return { protocol: over, url: over === "otlp-grpc" ? base : base.replace(/\/*$/, TRACES_PATH) };
}

/** The variable of this signal, else the general one. */
function perSignal(reader: EnvironmentReader, name: string): string {
  const own = `OTEL_EXPORTER_OTLP_TRACES_${name}`;
  return reader.text(own) === undefined ? `OTEL_EXPORTER_OTLP_${name}` : own;
}

function otlpHttp(reader: EnvironmentReader, url: string): TraceDestination {
  const protocol = reader.oneOf(perSignal(reader, "PROTOCOL"), ["http/protobuf", "http/json", "grpc"]);
  return {
    kind: "otlp-http",
    url,
    encoding: protocol === "http/json" ? "http/json" : "http/protobuf",
    headers: reader.pairs(perSignal(reader, "HEADERS")),
    timeoutMs: reader.number(perSignal(reader, "TIMEOUT"), { min: 0, above: true }) ?? 10_000,
    gzip: reader.oneOf(perSignal(reader, "COMPRESSION"), ["none", "gzip"]) === "gzip",
  };
}

/**
 * The one destination of traces. First match: the option, `JAEGER_ENDPOINT`, the OTLP traces endpoint, the OTLP
 * endpoint, the default. A bad address is noted and the next one is asked.
 */
export function readDestination(reader: EnvironmentReader, endpoint?: string): TraceDestination {
  if (reader.text("OTEL_TRACES_EXPORTER")?.toLowerCase() === "none") return { kind: "none" };
  const jaeger = reader.text("JAEGER_ENDPOINT");
  const target = (endpoint === undefined ? undefined : jaegerTarget(reader, endpoint, "endpoint")) ??
    (jaeger === undefined ? undefined : jaegerTarget(reader, jaeger, "JAEGER_ENDPOINT")) ??
    otlpTarget(reader) ?? { protocol: "jaeger-thrift", url: DEFAULT_JAEGER_ENDPOINT };
  if (target.protocol === "otlp-http") return otlpHttp(reader, target.url);
  return { kind: "unsupported", protocol: target.protocol, url: target.url };
}

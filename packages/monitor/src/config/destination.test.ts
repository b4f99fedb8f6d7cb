import { describe, expect, it } from "vitest";
import { DEFAULT_JAEGER_ENDPOINT, readDestination, readEndpointForm, type TraceDestination } from "./destination.ts";
import { EnvironmentReader } from "./readers.ts";

function read(env: Record<string, string>, endpoint?: string): { destination: TraceDestination; problems: string[] } {
  const reader = new EnvironmentReader(env);
  return { destination: readDestination(reader, endpoint), problems: reader.problems.map(({ variable }) => variable) };
}

describe("readEndpointForm", () => {
  it.each([
    ["http://jaeger:14268/api/traces", "jaeger-thrift", "http://jaeger:14268/api/traces"],
    ["https://host/prefix/api/traces", "jaeger-thrift", "https://host/prefix/api/traces"],
    ["http://jaeger:14268", "jaeger-thrift", "http://jaeger:14268/api/traces"],
    ["http://host/v1/traces", "otlp-http", "http://host/v1/traces"],
    ["http://host:4318", "otlp-http", "http://host:4318/v1/traces"],
    ["http://host:4318/", "otlp-http", "http://host:4318/v1/traces"],
    ["http://host:4318/tenant", "otlp-http", "http://host:4318/tenant"],
    ["http://host:4317", "otlp-grpc", "http://host:4317"],
    ["grpc://host:9999", "otlp-grpc", "grpc://host:9999"],
  ])("reads %s as %s", (text, protocol, url) => {
    expect(readEndpointForm(text)).toEqual({ protocol, url });
  });

  it("takes any other URL as thrift and says that it guessed", () => {
    expect(readEndpointForm("http://host:8080/other")).toEqual({
      protocol: "jaeger-thrift",
      url: "http://host:8080/other",
      guessed: true,
    });
  });

  it.each(["localhost:4318", "not a url", "ftp://host/v1/traces"])("refuses %s", (text) => {
    expect(readEndpointForm(text)).toBeUndefined();
  });
});

describe("readDestination", () => {
  it("defaults to Jaeger thrift, which this release cannot speak", () => {
    expect(read({}).destination).toEqual({
      kind: "unsupported",
      protocol: "jaeger-thrift",
      url: DEFAULT_JAEGER_ENDPOINT,
    });
  });

  it("lets option, JAEGER_ENDPOINT, traces endpoint and base endpoint win in this order", () => {
    const env = {
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://base:4318/",
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://traces:4318/own",
      JAEGER_ENDPOINT: "http://jaeger:4318",
    };
    expect(read(env, "http://code:4318").destination).toMatchObject({ url: "http://code:4318/v1/traces" });
    expect(read(env).destination).toMatchObject({ url: "http://jaeger:4318/v1/traces" });
    expect(read({ ...env, JAEGER_ENDPOINT: "" }).destination).toMatchObject({ url: "http://traces:4318/own" });
    expect(read({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://base:4318/" }).destination).toMatchObject({
      kind: "otlp-http",
      url: "http://base:4318/v1/traces",
      encoding: "http/protobuf",
      timeoutMs: 10_000,
      gzip: false,
    });
  });

  it("skips a bad address, tells it, and asks the next one", () => {
    const { destination, problems } = read({
      JAEGER_ENDPOINT: "localhost:4318",
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://base:4318",
    });
    expect(destination).toMatchObject({ url: "http://base:4318/v1/traces" });
    expect(problems).toEqual(["JAEGER_ENDPOINT"]);
  });

  it("prefers the variables of the traces signal", () => {
    const { destination } = read({
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://base:4318",
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf",
      OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: "http/json",
      OTEL_EXPORTER_OTLP_HEADERS: "a=1",
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: "b=2",
      OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: "250",
      OTEL_EXPORTER_OTLP_COMPRESSION: "gzip",
    });
    expect(destination).toMatchObject({ encoding: "http/json", headers: { b: "2" }, timeoutMs: 250, gzip: true });
  });

  it("says that gRPC is not there yet, and honours none", () => {
    const grpc = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://base:4317", OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" };
    expect(read(grpc).destination).toMatchObject({ kind: "unsupported", protocol: "otlp-grpc" });
    expect(read({ ...grpc, OTEL_TRACES_EXPORTER: "none" }).destination).toEqual({ kind: "none" });
  });
});

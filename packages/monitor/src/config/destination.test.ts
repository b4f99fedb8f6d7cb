import { describe, expect, it } from "vitest";
import { DEFAULT_JAEGER_ENDPOINT, readDestination, readEndpointForm, type TraceDestination } from "./destination.ts";
import { EnvironmentReader } from "./readers.ts";

function read(
  env: Record<string, string>,
  endpoint?: string,
): { destination: TraceDestination | undefined; problems: string[] } {
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
    ["http://host:4317", "grpc", "http://host:4317"],
    ["grpc://host:9999", "grpc", "grpc://host:9999"],
    ["grpcs://host:9999", "grpc", "grpcs://host:9999"],
  ])("reads %s as %s", (text, over, url) => {
    expect(readEndpointForm(text)).toEqual({ over, url });
  });

  it("takes any other URL as thrift and says that it guessed", () => {
    expect(readEndpointForm("http://host:8080/other")).toEqual({
      over: "jaeger-thrift",
      url: "http://host:8080/other",
      guessed: true,
    });
  });

  it.each(["localhost:4318", "not a url", "ftp://host/v1/traces"])("refuses %s", (text) => {
    expect(readEndpointForm(text)).toBeUndefined();
  });
});

describe("readDestination", () => {
  it("defaults to Jaeger thrift on this host", () => {
    expect(DEFAULT_JAEGER_ENDPOINT).toBe("http://localhost:14268/api/traces");
    expect(read({})).toEqual({
      destination: {
        protocol: "jaeger-thrift",
        url: DEFAULT_JAEGER_ENDPOINT,
        headers: {},
        timeoutMs: 10_000,
        gzip: false,
      },
      problems: [],
    });
  });

  it("keeps headers and compression of OTLP away from a Jaeger address", () => {
    const { destination } = read({
      JAEGER_ENDPOINT: "http://jaeger:14268",
      OTEL_EXPORTER_OTLP_HEADERS: "authorization=secret",
      OTEL_EXPORTER_OTLP_COMPRESSION: "gzip",
      OTEL_EXPORTER_OTLP_TIMEOUT: "3000",
    });
    expect(destination).toEqual({
      protocol: "jaeger-thrift",
      url: "http://jaeger:14268/api/traces",
      headers: {},
      timeoutMs: 3000,
      gzip: false,
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
      protocol: "http/protobuf",
      url: "http://base:4318/v1/traces",
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
    expect(destination).toMatchObject({ protocol: "http/json", headers: { b: "2" }, timeoutMs: 250, gzip: true });
  });

  it("speaks gRPC where the variable or the form of the address asks for it", () => {
    const grpc = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://base:4317", OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" };
    expect(read(grpc).destination).toMatchObject({ protocol: "grpc" });
    expect(read({ JAEGER_ENDPOINT: "http://host:4317" }).destination).toMatchObject({
      protocol: "grpc",
      url: "http://host:4317",
    });
    expect(read({ ...grpc, JAEGER_ENDPOINT: "http://host:4318" }).destination).toMatchObject({
      protocol: "http/protobuf",
      url: "http://host:4318/v1/traces",
    });
  });

  it("tells a protocol it does not know and speaks the default", () => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://base:4318", OTEL_EXPORTER_OTLP_PROTOCOL: "carrier/pigeon" };
    expect(read(env)).toMatchObject({
      destination: { protocol: "http/protobuf" },
      problems: ["OTEL_EXPORTER_OTLP_PROTOCOL"],
    });
  });

  it("honours none", () => {
    expect(read({ JAEGER_ENDPOINT: "http://host:4318", OTEL_TRACES_EXPORTER: "none" }).destination).toBeUndefined();
  });
});

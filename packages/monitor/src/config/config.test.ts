import { ENV } from "@nexent/monitor-core";
import { describe, expect, it } from "vitest";
import { readMonitorConfig } from "./config.ts";

const variablesOf = (env: Record<string, string>): string[] =>
  readMonitorConfig(env).problems.map(({ variable }) => variable);

describe("readMonitorConfig", () => {
  it("is off without a word in the environment, with the defaults of the table", () => {
    const config = readMonitorConfig({});
    expect(config.enabled).toBe(false);
    expect(config.problems).toEqual([]);
    const defaults = new Map(ENV.filter(({ program }) => program === "sdk").map((row) => [row.name, row.default]));
    expect(config.slowRequestSeconds).toBe(Number(defaults.get("LLM_SLOW_REQUEST_THRESHOLD_SECONDS")));
    expect(config.slowTokenRate).toBe(Number(defaults.get("LLM_SLOW_TOKEN_RATE_THRESHOLD")));
    expect(config.sampleRate).toBe(Number(defaults.get("TELEMETRY_SAMPLE_RATE")));
    expect(config.tokenTapeMaxBytes).toBe(Number(defaults.get("LLM_MONITOR_TOKEN_TAPE_MAX_BYTES")));
    expect(config.stallFirstTokenSeconds).toBe(Number(defaults.get("LLM_MONITOR_STALL_FIRST_TOKEN_SECONDS")));
    expect(config.tailMaxTraces).toBe(Number(defaults.get("LLM_MONITOR_TAIL_MAX_TRACES")));
    expect(config.tailMaxSpans).toBe(Number(defaults.get("LLM_MONITOR_TAIL_MAX_SPANS")));
    expect(config.tailMaxAgeSeconds).toBe(Number(defaults.get("LLM_MONITOR_TAIL_MAX_AGE_SECONDS")));
    expect(config.streamIdleSeconds).toBe(Number(defaults.get("LLM_MONITOR_STREAM_IDLE_SECONDS")));
    expect(config.shutdownTimeoutMs).toBe(Number(defaults.get("LLM_MONITOR_SHUTDOWN_TIMEOUT_MS")));
    expect(config.exportDelayMs).toBe(Number(defaults.get("OTEL_BSP_SCHEDULE_DELAY")));
    expect(config.semconv).toBe(defaults.get("LLM_MONITOR_SEMCONV"));
  });

  it("reads every SDK variable of the table: a value of the wrong kind is told, or is no error by its type", () => {
    const told = ENV.filter(({ program, type }) => program === "sdk" && ["number", "integer", "boolean"].includes(type))
      // The general OTLP timeout and the sampler argument are read only where they are used.
      .filter(({ name }) => !name.startsWith("OTEL_EXPORTER") && name !== "OTEL_TRACES_SAMPLER_ARG")
      .map(({ name }) => name);
    expect(told.length).toBeGreaterThan(15);
    for (const name of told) expect(variablesOf({ [name]: "perhaps" }), name).toEqual([name]);
  });

  it.each(["true", "TRUE", "1", "yes", "On"])("takes %s as on", (text) => {
    expect(readMonitorConfig({ ENABLE_TELEMETRY: text }).enabled).toBe(true);
  });

  it.each(["false", "0", "no", "OFF", "", "  "])("takes %j as off without a complaint", (text) => {
    const config = readMonitorConfig({ ENABLE_TELEMETRY: text });
    expect(config.enabled).toBe(false);
    expect(config.problems).toEqual([]);
  });

  it("lets OTEL_SDK_DISABLED win over every way to turn it on", () => {
    expect(readMonitorConfig({ ENABLE_TELEMETRY: "true", OTEL_SDK_DISABLED: "true" }).enabled).toBe(false);
    expect(readMonitorConfig({ OTEL_SDK_DISABLED: "true" }, { enabled: true }).enabled).toBe(false);
  });

  it.each([
    ["TELEMETRY_SAMPLE_RATE", "1.5"],
    ["TELEMETRY_SAMPLE_RATE", "-0.1"],
    ["TELEMETRY_SAMPLE_RATE", "0x1"],
    ["LLM_SLOW_REQUEST_THRESHOLD_SECONDS", "0"],
    ["LLM_SLOW_TOKEN_RATE_THRESHOLD", "NaN"],
    ["LLM_MONITOR_MAX_MODELS", "2.5"],
    ["LLM_MONITOR_SEMCONV", "v9"],
  ])("tells %s=%s and uses the default", (name, value) => {
    const config = readMonitorConfig({ [name]: value });
    expect(config.problems.map(({ variable }) => variable)).toEqual([name]);
    expect({ ...config, problems: [] }).toEqual({ ...readMonitorConfig({}), problems: [] });
  });

  it("prefers option over variable over OTEL variable over default", () => {
    const env = {
      TELEMETRY_SAMPLE_RATE: "0.5",
      OTEL_TRACES_SAMPLER: "always_off",
      LLM_SLOW_REQUEST_THRESHOLD_SECONDS: "7",
    };
    expect(readMonitorConfig(env, { sampleRate: 0.25 }).sampleRate).toBe(0.25);
    expect(readMonitorConfig(env).sampleRate).toBe(0.5);
    expect(
      readMonitorConfig({ OTEL_TRACES_SAMPLER: "parentbased_traceidratio", OTEL_TRACES_SAMPLER_ARG: "0.1" }).sampleRate,
    ).toBe(0.1);
    expect(readMonitorConfig({ OTEL_TRACES_SAMPLER: "parentbased_always_off" }).sampleRate).toBe(0);
    expect(readMonitorConfig(env).slowRequestSeconds).toBe(7);
  });

  it("treats an option of the wrong kind like a bad variable", () => {
    const options: object = { sampleRate: 7, tokenTape: "yes", slowTokenRate: Number.NaN };
    const config = readMonitorConfig({}, options);
    expect(config.problems.map(({ variable }) => variable)).toEqual(["sampleRate", "tokenTape", "slowTokenRate"]);
    expect(config.sampleRate).toBe(1);
    expect(config.tokenTape).toBe(true);
  });

  it("finds the service name in its order and puts it into the resource", () => {
    const resource = {
      OTEL_RESOURCE_ATTRIBUTES: "service.name=from-resource,deployment.environment=blue%20one,broken",
    };
    expect(readMonitorConfig({}).serviceName).toBe("nexent-backend");
    expect(readMonitorConfig({}, { defaultServiceName: "nexent-gateway" }).serviceName).toBe("nexent-gateway");
    expect(readMonitorConfig({ npm_package_name: "shop" }).serviceName).toBe("shop");
    expect(readMonitorConfig({ ...resource, npm_package_name: "shop" }).serviceName).toBe("from-resource");
    expect(readMonitorConfig({ ...resource, OTEL_SERVICE_NAME: "otel" }).serviceName).toBe("otel");
    expect(readMonitorConfig({ SERVICE_NAME: "own", OTEL_SERVICE_NAME: "otel" }).serviceName).toBe("own");
    const config = readMonitorConfig(resource, { serviceName: "code", serviceVersion: "3" });
    expect(config.resourceAttributes).toEqual({
      "service.name": "code",
      "service.version": "3",
      "deployment.environment": "blue one",
    });
    expect(config.problems.map(({ variable }) => variable)).toEqual(["OTEL_RESOURCE_ATTRIBUTES"]);
  });

  it("never repeats a value in a message, as headers may hold a key", () => {
    const config = readMonitorConfig({
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4318",
      OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20secret-one,secret-two",
    });
    expect(config.destination).toMatchObject({ headers: { authorization: "Bearer secret-one" } });
    expect(JSON.stringify(config.problems)).not.toContain("secret");
    expect(config.problems).toHaveLength(1);
  });

  it("takes tail bounds and objectives from code before the environment", () => {
    const env = {
      LLM_MONITOR_TAIL_MAX_TRACES: "7",
      LLM_MONITOR_TAIL_MAX_AGE_SECONDS: "1",
      LLM_MONITOR_SLO_TTFT_SECONDS: "2",
    };
    const config = readMonitorConfig(env, { tailMaxTraces: 9, sloTtftSeconds: 0.5, sloTpotSeconds: 0.1 });
    expect(config).toMatchObject({ tailMaxTraces: 9, tailMaxAgeSeconds: 1, sloTtftSeconds: 0.5, sloTpotSeconds: 0.1 });
    expect(variablesOf({ LLM_MONITOR_TAIL_MAX_AGE_SECONDS: "0.5" })).toEqual(["LLM_MONITOR_TAIL_MAX_AGE_SECONDS"]);
  });

  it("leaves objectives out that nobody set", () => {
    expect(readMonitorConfig({})).not.toHaveProperty("sloTtftSeconds");
    expect(readMonitorConfig({ LLM_MONITOR_SLO_TTFT_SECONDS: "1.5" }).sloTtftSeconds).toBe(1.5);
  });

  it("fits the batch into the queue", () => {
    const env = {
      OTEL_BSP_MAX_QUEUE_SIZE: "100",
      OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "512",
      OTEL_BSP_EXPORT_TIMEOUT: "50",
    };
    expect(readMonitorConfig(env)).toMatchObject({
      exportQueueSpans: 100,
      exportBatchSpans: 100,
      exportTimeoutMs: 50,
      problems: [],
    });
  });

  it("reads the limits of spans, those of spans alone first, and keeps the tape whole within them", () => {
    expect(readMonitorConfig({}).spanLimits).toEqual({
      attributeCountLimit: 128,
      eventCountLimit: 128,
      linkCountLimit: 128,
      attributePerEventCountLimit: 128,
      attributePerLinkCountLimit: 128,
    });
    const config = readMonitorConfig({
      OTEL_ATTRIBUTE_COUNT_LIMIT: "60",
      OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: "40",
      OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: "1000",
      OTEL_SPAN_EVENT_COUNT_LIMIT: "0",
      OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT: "5",
    });
    expect(config.spanLimits).toMatchObject({
      attributeCountLimit: 40,
      attributeValueLengthLimit: 1000,
      eventCountLimit: 0,
      attributePerEventCountLimit: 5,
    });
    expect(config).toMatchObject({ tokenTape: true, tokenTapeMaxBytes: 1000, problems: [] });
    expect(readMonitorConfig({ OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT: "20" }).tokenTape).toBe(false);
  });

  it.each([
    ["", ["tracecontext", "baggage"], 0],
    ["none", [], 0],
    ["baggage, TraceContext", ["baggage", "tracecontext"], 0],
    ["tracecontext,b3", ["tracecontext"], 1],
    ["b3", ["tracecontext", "baggage"], 1],
  ])("reads the propagators of %j", (text, propagators, problems) => {
    const config = readMonitorConfig({ OTEL_PROPAGATORS: text });
    expect(config.propagators).toEqual(propagators);
    expect(config.problems).toHaveLength(problems);
  });

  it.each([
    ["", "warnings"],
    ["none", "silent"],
    ["ERROR", "silent"],
    ["info", "warnings"],
    ["debug", "all"],
    ["ALL", "all"],
  ])("reads the log level %j", (text, verbosity) => {
    expect(readMonitorConfig({ OTEL_LOG_LEVEL: text }).verbosity).toBe(verbosity);
  });
});

describe("metrics", () => {
  const exportOf = (env: Record<string, string>) => readMonitorConfig(env).metricsExport;
  const BASE = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://base:4318" };

  it("are pushed nowhere by default, nor to an address that was given for all signals", () => {
    expect(exportOf({})).toEqual({});
    expect(exportOf(BASE)).toEqual({});
    expect(exportOf({ OTEL_METRICS_EXPORTER: "otlp" })).toEqual({});
  });

  it("are pushed to their own address, or to the general one when asked, by the variables of their signal", () => {
    expect(exportOf({ ...BASE, OTEL_METRICS_EXPORTER: "otlp" }).push).toEqual({
      protocol: "http/protobuf",
      url: "http://base:4318/v1/metrics",
      headers: {},
      timeoutMs: 10_000,
      gzip: false,
      intervalMs: 60_000,
    });
    const own = {
      ...BASE,
      OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: "http://metrics:4317",
      OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: "grpc",
      OTEL_EXPORTER_OTLP_HEADERS: "a=1",
      OTEL_EXPORTER_OTLP_METRICS_HEADERS: "b=2",
      OTEL_EXPORTER_OTLP_METRICS_COMPRESSION: "gzip",
      OTEL_METRIC_EXPORT_INTERVAL: "5000",
    };
    expect(exportOf(own).push).toMatchObject({
      protocol: "grpc",
      url: "http://metrics:4317",
      headers: { b: "2" },
      gzip: true,
      intervalMs: 5000,
    });
    expect(exportOf({ ...own, OTEL_METRICS_EXPORTER: "none" })).toEqual({});
  });

  it("are listened for when asked, instead of a push", () => {
    const own = { OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: "http://metrics:4318/own" };
    expect(exportOf({ ...own, OTEL_METRICS_EXPORTER: "prometheus" })).toEqual({
      listen: { host: "localhost", port: 9464 },
    });
    const both = { ...own, OTEL_METRICS_EXPORTER: "prometheus, otlp", OTEL_EXPORTER_PROMETHEUS_PORT: "9999" };
    expect(exportOf(both)).toMatchObject({ listen: { port: 9999 }, push: { url: "http://metrics:4318/own" } });
  });

  it("tell an exporter nobody knows", () => {
    expect(variablesOf({ OTEL_METRICS_EXPORTER: "carrier-pigeon" })).toEqual(["OTEL_METRICS_EXPORTER"]);
  });
});

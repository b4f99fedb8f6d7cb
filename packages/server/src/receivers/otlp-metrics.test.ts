import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../clock.ts";
import { createIngest } from "../ingest/ingest.ts";
import { createMetricIngest } from "../ingest/metric-ingest.ts";
import { createPipelineCounters } from "../self/pipeline-counters.ts";
import { callGrpc, framed, openGrpc } from "../testing/grpc-client.ts";
import { createRecordingMetricStore, type RecordingMetricStore } from "../testing/recording-metric-store.ts";
import { startTestReceiver, type TestReceiver } from "../testing/receiver.ts";
import { createOtlpGrpcReceiver } from "./otlp-grpc.ts";

/**
 * The metrics SDK and the serializers of the OpenTelemetry JS exporters as senders. They come with other packages of this
 * repository, so they are loaded by name and used through the few members named here.
 */
interface Instrument {
  add(value: number, attributes?: object): void;
  record(value: number, attributes?: object): void;
}
interface Provider {
  getMeter(
    name: string,
  ): Readonly<
    Record<
      "createCounter" | "createUpDownCounter" | "createHistogram" | "createGauge",
      (name: string, options?: object) => Instrument
    >
  >;
}
interface Reader {
  collect(): Promise<{ readonly resourceMetrics: unknown }>;
}
interface Sdk {
  readonly MeterProvider: new (options: object) => Provider;
  readonly MetricReader: new (options: object) => Reader;
  readonly AggregationType: { readonly EXPONENTIAL_HISTOGRAM: number };
}
type Serializer = { readonly serializeRequest: (resourceMetrics: unknown) => Uint8Array };
interface Serializers {
  readonly ProtobufMetricsSerializer: Serializer;
  readonly JsonMetricsSerializer: Serializer;
}
interface Resources {
  readonly resourceFromAttributes: (attributes: object) => object;
}
const [SDK, TRANSFORMER, RESOURCES] = ["sdk-metrics", "otlp-transformer", "resources"].map(
  (name) => `@opentelemetry/${name}`,
);
const [DELTA, CUMULATIVE] = [0, 1];

let http: TestReceiver;
let grpc: TestReceiver;
let store: RecordingMetricStore;
beforeAll(async () => {
  store = createRecordingMetricStore();
  const events = createPipelineCounters(systemClock);
  const traces = { write: () => Promise.reject(new Error("no traces were sent")) };
  const metrics = createMetricIngest({ store, events, clock: systemClock });
  const overrides = { ingest: createIngest({ store: traces, events, clock: systemClock, metrics }) };
  http = await startTestReceiver({ overrides });
  grpc = await startTestReceiver({ overrides, create: createOtlpGrpcReceiver });
});
afterAll(async () => {
  await Promise.all([http.stop(), grpc.stop()]);
});

/** Sends a request as a serializer of the exporters writes it. */
const SENDERS: Readonly<Record<string, (resourceMetrics: unknown) => Promise<void>>> = {
  "protobuf over HTTP": (sent) => post(sent, "ProtobufMetricsSerializer", "application/x-protobuf"),
  "JSON over HTTP": (sent) => post(sent, "JsonMetricsSerializer", "application/json"),
  "protobuf over gRPC": async (sent) => {
    const serializers: Serializers = await import(TRANSFORMER ?? "");
    const session = openGrpc(grpc.port);
    const path = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";
    const answer = await callGrpc(session, path, framed(serializers.ProtobufMetricsSerializer.serializeRequest(sent)));
    session.close();
    expect([answer.status, answer.body.length]).toEqual(["0", 0]);
  },
};

async function post(sent: unknown, name: keyof Serializers, type: string): Promise<void> {
  const serializers: Serializers = await import(TRANSFORMER ?? "");
  const body = Buffer.from(serializers[name].serializeRequest(sent));
  const answer = await fetch(`${http.url}/v1/metrics`, { method: "POST", headers: { "content-type": type }, body });
  expect([answer.status, await answer.text()]).toEqual([200, type === "application/json" ? "{}" : ""]);
}

/** A meter whose readings are taken by hand. */
async function startMeter(instance: string, temporality: number | undefined) {
  const sdk: Sdk = await import(SDK ?? "");
  const resources: Resources = await import(RESOURCES ?? "");
  class ManualReader extends sdk.MetricReader {
    onForceFlush(): Promise<void> {
      return Promise.resolve();
    }
    onShutdown(): Promise<void> {
      return Promise.resolve();
    }
  }
  const reader = new ManualReader({ aggregationTemporalitySelector: () => temporality });
  const aggregation = { type: sdk.AggregationType.EXPONENTIAL_HISTOGRAM };
  const provider = new sdk.MeterProvider({
    resource: resources.resourceFromAttributes({ "service.name": "vllm", "service.instance.id": instance }),
    readers: [reader],
    views: [{ instrumentName: "exponential", aggregation }],
  });
  return { meter: provider.getMeter("test"), collect: async () => (await reader.collect()).resourceMetrics };
}

function stored(instance: string, family: string) {
  return store.entries.filter(({ series }) => series.labels["instance"] === instance && series.family === family);
}

describe.each(Object.entries(SENDERS))("the OpenTelemetry metrics SDK, %s", (name, send) => {
  it("is stored as it counted", async () => {
    const { meter, collect } = await startMeter(name, CUMULATIVE);
    const counter = meter.createCounter("requests", { description: "Requests.", unit: "{request}" });
    counter.add(2, { model: "a" });
    counter.add(3, { model: "a" });
    meter.createUpDownCounter("queue").add(-4);
    meter.createGauge("temperature", { unit: "Cel" }).record(61.5);
    const wait = meter.createHistogram("wait", { unit: "s", advice: { explicitBucketBoundaries: [1, 2] } });
    for (const value of [0.5, 1.5, 9]) wait.record(value);
    const exponential = meter.createHistogram("exponential");
    for (const value of [1, 2, 4, 100]) exponential.record(value);
    await send(await collect());

    const [requests] = stored(name, "requests");
    expect(requests?.series).toEqual({
      family: "requests",
      type: "counter",
      help: "Requests.",
      labels: { model: "a", job: "vllm", instance: name },
    });
    expect(requests?.scalars.map(({ value }) => value)).toEqual([5]);
    expect(requests?.scalars[0]?.startMs).toBeLessThanOrEqual(requests?.scalars[0]?.timestampMs ?? 0);
    expect(stored(name, "queue")[0]).toMatchObject({ series: { type: "gauge" }, scalars: [{ value: -4 }] });
    expect(stored(name, "temperature_celsius")[0]).toMatchObject({
      series: { type: "gauge" },
      scalars: [{ value: 61.5 }],
    });
    expect(stored(name, "wait_seconds")[0]?.histograms).toMatchObject([
      { count: 3, sum: 11, bounds: [1, 2], buckets: [1, 2, 3] },
    ]);
    const [found] = stored(name, "exponential")[0]?.histograms ?? [];
    expect(found).toMatchObject({ count: 4, sum: 107 });
    for (const bound of [0, 1, 2, 4]) {
      const at = found?.bounds.findLastIndex((one) => one <= bound) ?? -1;
      expect(found?.buckets[at]).toBe([1, 2, 4, 100].filter((value) => value <= bound).length);
    }
  });

  it("is summed up when it sends deltas", async () => {
    const instance = `${name} delta`;
    const { meter, collect } = await startMeter(instance, DELTA);
    const counter = meter.createCounter("requests");
    const exponential = meter.createHistogram("exponential");
    for (const value of [2, 3]) {
      counter.add(value);
      exponential.record(value);
      await send(await collect());
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const sums = stored(instance, "requests").flatMap(({ scalars }) => scalars);
    expect(sums.map(({ value }) => value)).toEqual([2, 5]);
    expect(new Set(sums.map(({ startMs }) => startMs)).size).toBe(1);
    expect(stored(instance, "exponential").map(({ histograms }) => histograms[0])).toMatchObject([
      { count: 1, sum: 2 },
      { count: 2, sum: 5 },
    ]);
  });
});

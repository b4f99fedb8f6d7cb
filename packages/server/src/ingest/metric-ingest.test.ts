import { MonitorError } from "@nexent/monitor-core";
import { beforeEach, describe, expect, it } from "vitest";
import { createPipelineCounters } from "../self/pipeline-counters.ts";
import { createFakeClock } from "../testing/clock.ts";
import { createRecordingMetricStore, type RecordingMetricStore } from "../testing/recording-metric-store.ts";
import type { IngestAnswer } from "./ingest.ts";
import { createMetricIngest } from "./metric-ingest.ts";

const NOW = 1_750_000_000_000;
const clock = createFakeClock(NOW);
const [DELTA, CUMULATIVE] = [1, 2];

let store: RecordingMetricStore;
let counters: ReturnType<typeof createPipelineCounters>;
let ingest: ReturnType<typeof createMetricIngest>;
beforeEach(() => {
  store = createRecordingMetricStore();
  counters = createPipelineCounters(clock);
  ingest = createMetricIngest({ store, events: counters, clock });
});

const text = (key: string, stringValue: string) => ({ key, value: { stringValue } });
const nanos = (atMs: number): string => `${BigInt(NOW + atMs) * 1_000_000n}`;

/** A point `atMs` after the start of the test, begun `startMs` before. */
function at(atMs: number, fields: object, attributes: readonly object[] = [], startMs = atMs - 1_000) {
  return { timeUnixNano: nanos(atMs), startTimeUnixNano: nanos(startMs), attributes, ...fields };
}

function send(metrics: readonly object[], resource: readonly object[] = []): Promise<IngestAnswer> {
  const body = { resourceMetrics: [{ resource: { attributes: resource }, scopeMetrics: [{ metrics }] }] };
  return ingest({ encoding: "json", bytes: Buffer.from(JSON.stringify(body)) });
}

function counter(dataPoints: readonly object[], aggregationTemporality = DELTA) {
  return { name: "requests", sum: { dataPoints, aggregationTemporality, isMonotonic: true } };
}

function scalars(): readonly (readonly [number, number, number | undefined])[] {
  return store.entries.flatMap((entry) =>
    entry.scalars.map(({ timestampMs, value, startMs }) => {
      return [timestampMs - NOW, value, startMs === undefined ? undefined : startMs - NOW] as const;
    }),
  );
}

describe("what is pushed", () => {
  it("becomes series with job, instance, translated names and target_info", async () => {
    const resource = [
      text("service.name", "vllm"),
      text("service.namespace", "serving"),
      text("service.instance.id", "gpu-1"),
      text("host.name", "node7"),
    ];
    const attributes = [
      text("gen_ai.request.model", "m"),
      text("job", "mine"),
      text("empty", ""),
      text("a.b", "1"),
      text("a_b", "2"),
    ];
    const metric = {
      name: "gpu.temperature",
      unit: "Cel",
      description: "Heat.",
      gauge: { dataPoints: [at(0, { asInt: "70" }, attributes)] },
    };
    expect(await send([metric], resource)).toEqual({ status: "accepted", items: 2 });
    expect(store.entries.map(({ series }) => series)).toEqual([
      {
        family: "gpu_temperature_celsius",
        type: "gauge",
        unit: "celsius",
        help: "Heat.",
        labels: {
          job: "serving/vllm",
          instance: "gpu-1",
          gen_ai_request_model: "m",
          exported_job: "mine",
          a_b: "1;2",
        },
      },
      {
        family: "target_info",
        type: "info",
        help: "Resource of the sender.",
        labels: { job: "serving/vllm", instance: "gpu-1", host_name: "node7" },
      },
    ]);
  });

  it("keeps cumulative values as sent, of every kind", async () => {
    await send([
      counter([at(0, { asDouble: 3 })], CUMULATIVE),
      { name: "up_down", sum: { dataPoints: [at(0, { asInt: -2 })], aggregationTemporality: CUMULATIVE } },
      {
        name: "wait",
        unit: "s",
        histogram: {
          dataPoints: [at(0, { count: "3", bucketCounts: ["1", "0", 2], explicitBounds: [1, 2] })],
          aggregationTemporality: CUMULATIVE,
        },
      },
      {
        name: "sizes",
        exponentialHistogram: {
          dataPoints: [
            at(0, { count: 2, sum: 7, scale: 0, positive: { offset: 1, bucketCounts: [1, 1] } }, [text("le", "x")]),
          ],
          aggregationTemporality: CUMULATIVE,
        },
      },
      {
        name: "old",
        summary: { dataPoints: [at(0, { count: 2, sum: 3, quantileValues: [{ quantile: 0.5, value: 1 }] })] },
      },
    ]);
    const times = { timestampMs: NOW, startMs: NOW - 1_000 };
    const [requests, upDown, wait, sizes, old] = store.entries;
    expect([requests?.series.type, requests?.scalars]).toEqual(["counter", [{ ...times, value: 3 }]]);
    expect([upDown?.series.type, upDown?.scalars]).toEqual(["gauge", [{ ...times, value: -2 }]]);
    expect(wait?.series.family).toBe("wait_seconds");
    expect(wait?.histograms).toEqual([{ ...times, count: 3, bounds: [1, 2], buckets: [1, 1, 3] }]);
    expect(sizes?.series.labels).toEqual({ exported_le: "x" });
    expect(sizes?.histograms).toEqual([{ ...times, count: 2, sum: 7, bounds: [0, 2, 4, 8], buckets: [0, 0, 1, 2, 2] }]);
    expect(old?.summaries).toEqual([{ ...times, count: 2, sum: 3, quantiles: [{ quantile: 0.5, value: 1 }] }]);
  });

  it("keeps exemplars, and the end of a series as one", async () => {
    const exemplars = [
      {
        timeUnixNano: nanos(-5),
        asDouble: 9,
        traceId: "AB".repeat(16),
        spanId: "cd".repeat(8),
        filteredAttributes: [text("k", "v")],
      },
    ];
    await send([{ name: "g", gauge: { dataPoints: [at(0, { asDouble: 1, exemplars }), at(5, { flags: 1 })] } }]);
    expect(store.entries[0]?.exemplars).toEqual([
      { timestampMs: NOW - 5, value: 9, traceId: "ab".repeat(16), spanId: "cd".repeat(8), labels: { k: "v" } },
    ]);
    expect(store.entries[1]).toMatchObject({ scalars: [], staleAtMs: [NOW + 5] });
  });

  it("is rejected by the point when it says nothing, with a reason; the rest is kept and nothing is lost unseen", async () => {
    const outcome = await send([
      {
        name: "g",
        gauge: { dataPoints: [at(0, { asDouble: 1 }), at(1, {}), { asDouble: 1 }, at(4e6, { asDouble: 1 })] },
      },
      { name: "::", gauge: { dataPoints: [at(0, { asDouble: 1 })] } },
      { name: "--", gauge: { dataPoints: [at(0, { asDouble: 1 })] } },
      counter([at(0, { asDouble: 1 })], 0),
      {
        name: "h",
        histogram: { dataPoints: [at(0, { count: 1, bucketCounts: [2] })], aggregationTemporality: CUMULATIVE },
      },
    ]);
    expect(outcome).toEqual({
      status: "partial",
      accepted: 2,
      rejected: 6,
      reason:
        "1 data points: there is no value; 2 data points: the time is missing, in the future or too long ago; " +
        "1 data points: nothing of the metric's name is left in the Prometheus data model; " +
        "1 data points: the temporality is neither delta nor cumulative; 1 data points: the buckets do not make a histogram",
    });
    expect(counters.snapshot().rejectedByReason.get("metrics")).toBe(6);
  });

  it("is refused whole when it cannot be read", async () => {
    const refused = (bytes: Uint8Array, encoding: "json" | "protobuf") => ingest({ encoding, bytes });
    await expect(refused(Buffer.from("{"), "json")).rejects.toMatchObject({ code: "PAYLOAD_MALFORMED" });
    await expect(refused(Buffer.from([0x0a, 0x7f]), "protobuf")).rejects.toMatchObject({ code: "PAYLOAD_MALFORMED" });
    const many = Array.from({ length: 100_001 }, () => ({}));
    await expect(send([{ name: "g", gauge: { dataPoints: many } }])).rejects.toMatchObject({
      code: "PAYLOAD_TOO_LARGE",
    });
    expect(store.entries).toEqual([]);
  });

  it.each([
    ["overloaded", { status: "overloaded", retryAfterMs: 9 }, { status: "overloaded", retryAfterMs: 9 }],
    ["rejected", { status: "rejected", error: new MonitorError("STORE_FULL", "full") }, { status: "unavailable" }],
    [
      "partial",
      { status: "partial", accepted: 0, rejected: 1, reason: "too many series" },
      { status: "partial", rejected: 1, reason: "1 data points: the store does not take them (too many series)" },
    ],
  ] as const)("is answered as the store answers: %s", async (_, outcome, answer) => {
    store.outcome = outcome;
    expect(await send([counter([at(0, { asDouble: 1 })])])).toMatchObject(answer);
  });
});

describe("deltas", () => {
  it("are summed up by series, in the order of their times, from the first start", async () => {
    const [a, b] = [[text("k", "a")], [text("k", "b")]];
    await send([counter([at(2_000, { asInt: 3 }, a), at(1_000, { asInt: 2 }, a), at(1_000, { asInt: 10 }, b)])]);
    await send([counter([at(3_000, { asInt: 4 }, a)])]);
    expect(scalars()).toEqual([
      [1_000, 2, 0],
      [1_000, 10, 0],
      [2_000, 5, 0],
      [3_000, 9, 0],
    ]);
  });

  it("go on from the store after a restart, and take each delta once", async () => {
    await send([counter([at(1_000, { asInt: 2 })])]);
    ingest = createMetricIngest({ store, events: counters, clock });
    expect(await send([counter([at(1_000, { asInt: 2 })])])).toEqual({ status: "accepted", items: 0 });
    expect(await send([counter([at(500, { asInt: 9 }), at(2_000, { asInt: 3 })])])).toEqual({
      status: "partial",
      accepted: 1,
      rejected: 1,
      reason: "1 data points: a delta is older than the last one of its series",
    });
    expect(scalars()).toEqual([
      [1_000, 2, 0],
      [2_000, 5, 0],
    ]);
  });

  it("count only when they are stored: the sender comes again after a refusal", async () => {
    store.outcome = { status: "overloaded", retryAfterMs: 1 };
    await send([counter([at(1_000, { asInt: 2 })])]);
    store.outcome = undefined;
    await send([counter([at(1_000, { asInt: 2 })])]);
    expect(scalars()).toEqual([[1_000, 2, 0]]);
  });

  it("are not mixed up by requests at the same time", async () => {
    await Promise.all(
      Array.from({ length: 20 }, (_, index) => send([counter([at(1_000 * (index + 1), { asInt: 1 })])])),
    );
    expect(scalars().map(([, value]) => value)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
  });

  it("of histograms are summed bucket by bucket, also when the scale falls", async () => {
    const point = (atMs: number, scale: number, bucketCounts: readonly number[]) => {
      const count = bucketCounts.reduce((sum, more) => sum + more, 0);
      return at(atMs, { count, sum: 1, scale, positive: { offset: 0, bucketCounts } }, [], 0);
    };
    const dataPoints = [point(1_000, 1, [1, 1]), point(2_000, 0, [1, 2])];
    await send([{ name: "h", exponentialHistogram: { dataPoints, aggregationTemporality: DELTA } }]);
    expect(store.entries.flatMap(({ histograms }) => histograms)).toEqual([
      {
        timestampMs: NOW + 1_000,
        startMs: NOW,
        count: 2,
        sum: 1,
        bounds: [0, 1, 2 ** 0.5, 2],
        buckets: [0, 0, 1, 2, 2],
      },
      { timestampMs: NOW + 2_000, startMs: NOW, count: 5, sum: 2, bounds: [0, 1, 2, 4], buckets: [0, 0, 3, 5, 5] },
    ]);
  });
});

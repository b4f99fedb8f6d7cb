import { LIMITS, MonitorError } from "@nexent/monitor-core";
import type { MetricStore, SeriesSamples, WriteOutcome } from "@nexent/monitor-store";
import type { Clock } from "../clock.ts";
import type { MetricsPayload } from "../codecs/metric-points.ts";
import { decodeMetricsJson } from "../codecs/otlp-metrics-json.ts";
import { decodeMetricsProtobuf } from "../codecs/otlp-metrics-protobuf.ts";
import type { PipelineEvents } from "../pipeline-events.ts";
import { createDeltaSums, type DeltaSums } from "./delta-sums.ts";
import type { IngestAnswer, MetricsRequest } from "./ingest.ts";
import { translateMetrics } from "./otlp-metrics.ts";
import { reject, rejectionMessage, type PointRejections, type PushedPoint } from "./pushed-points.ts";

export interface MetricIngestOptions {
  readonly store: Pick<MetricStore, "write" | "latest" | "flush">;
  readonly events: PipelineEvents;
  readonly clock: Clock;
}

/** How long a sender waits when the store cannot say. */
const UNAVAILABLE_RETRY_MS = 5_000;
const ENTRIES_PER_WRITE = 20_000;

/**
 * Takes OTLP metrics: translates them, sums deltas up, stores them. Safe for concurrent calls; requests with deltas wait
 * for each other, as each goes on from the sums of the one before.
 * @throws {PAYLOAD_MALFORMED} {PAYLOAD_TOO_LARGE} and nothing is kept.
 */
export function createMetricIngest(options: MetricIngestOptions): (request: MetricsRequest) => Promise<IngestAnswer> {
  const { store, events, clock } = options;
  const sums = createDeltaSums(store);
  let lastDelta: Promise<unknown> = Promise.resolve();

  async function keep(points: readonly PushedPoint[], rejections: PointRejections): Promise<IngestAnswer> {
    const outcome = await writeAll(store, points.map(entryOf));
    if (outcome.status === "overloaded") return outcome;
    if (outcome.status === "rejected") {
      return { status: "unavailable", retryAfterMs: UNAVAILABLE_RETRY_MS, error: outcome.error };
    }
    if (outcome.status === "partial") reject(rejections, "store", outcome.rejected);
    const rejected = [...rejections.values()].reduce((sum, count) => sum + count, 0);
    if (rejected === 0) return { status: "accepted", items: points.length };
    events.itemsNotStored("metrics", rejected);
    const detail = outcome.status === "partial" ? ` (${outcome.reason})` : "";
    const reason = rejectionMessage(rejections) + detail;
    return { status: "partial", accepted: points.length, rejected, reason };
  }

  async function keepDeltas(points: readonly PushedPoint[], rejections: PointRejections): Promise<IngestAnswer> {
    try {
      await sums.load(points, clock.wallMs());
      const answer = await keep(summed(points, sums, rejections), rejections);
      if (answer.status === "accepted" || answer.status === "partial") sums.commit();
      return answer;
    } finally {
      sums.discard();
    }
  }

  return async ({ encoding, bytes }) => {
    const payload = encoding === "json" ? decodeMetricsJson(bytes) : decodeMetricsProtobuf(bytes);
    if (pointCount(payload) > LIMITS.pointsPerRequest) {
      throw new MonitorError("PAYLOAD_TOO_LARGE", `more than ${LIMITS.pointsPerRequest} data points in one request`);
    }
    const { points, targets, rejections } = translateMetrics(payload, clock.wallMs());
    const all = [...points.toSorted((a, b) => a.timestampMs - b.timestampMs), ...targets];
    if (!points.some(({ isDelta }) => isDelta)) return keep(all, rejections);
    const answer = lastDelta.then(() => keepDeltas(all, rejections));
    lastDelta = answer.catch(() => undefined);
    return answer;
  };
}

function pointCount({ resources }: MetricsPayload): number {
  let count = 0;
  for (const { metrics } of resources) for (const { data } of metrics) count += data?.points.length ?? 0;
  return count;
}

/** Points with every delta made cumulative; a repeat is one that is stored already. */
function summed(points: readonly PushedPoint[], sums: DeltaSums, rejections: PointRejections): readonly PushedPoint[] {
  return points.flatMap((point) => {
    if (!point.isDelta) return [point];
    const result = sums.add(point);
    if (result.kind === "late") reject(rejections, "late_delta");
    return result.kind === "point" ? [result.point] : [];
  });
}

function entryOf({ series, timestampMs, startMs, value, exemplars }: PushedPoint): SeriesSamples {
  const times = { timestampMs, ...(startMs === undefined ? {} : { startMs }) };
  const { kind: _kind, ...sample } = value;
  return {
    series,
    scalars: "value" in sample ? [{ ...times, ...sample }] : [],
    histograms: "bounds" in sample ? [{ ...times, ...sample }] : [],
    summaries: "quantiles" in sample ? [{ ...times, ...sample }] : [],
    exemplars,
    staleAtMs: value.kind === "stale" ? [timestampMs] : [],
  };
}

/** One outcome of several writes: a failure of one asks for all again, and what is stored is a repeat then. */
async function writeAll(store: Pick<MetricStore, "write">, entries: readonly SeriesSamples[]): Promise<WriteOutcome> {
  let [accepted, rejected, reason] = [0, 0, ""];
  for (let at = 0; at < entries.length; at += ENTRIES_PER_WRITE) {
    const outcome = await store.write({ entries: entries.slice(at, at + ENTRIES_PER_WRITE) });
    if (outcome.status === "overloaded" || outcome.status === "rejected") return outcome;
    if (outcome.status === "partial") {
      ({ reason } = outcome);
      rejected += outcome.rejected;
      accepted += outcome.accepted;
    } else accepted += outcome.records;
  }
  return rejected === 0 ? { status: "accepted", records: accepted } : { status: "partial", accepted, rejected, reason };
}

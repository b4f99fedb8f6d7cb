import { fromBinary, type DescMessage } from "@bufbuild/protobuf";
import { LIMITS, type MonitorError } from "@nexent/monitor-core";
import { checkMessageCount } from "./message-count.ts";
import type { MessageName } from "./otlp-fields.ts";
import { otlpMessage } from "./otlp-registry.ts";
import { endsTooEarly, nestsTooDeep, wrongForm } from "./protobuf-reader.ts";
import type { WireMetric, WireMetrics } from "./otlp-metrics-shape.ts";
import type { Signal } from "./telemetry-batch.ts";

/** Shape that reflection makes of the tables in otlp-fields.ts. */
interface WireLogs {
  readonly resourceLogs: readonly { readonly scopeLogs: readonly { readonly logRecords: readonly unknown[] }[] }[];
}

/** A message and the shape that reflection gives it. */
interface Shaped<T> {
  readonly name: MessageName;
  readonly desc: DescMessage;
  /** Never called; carries the type. */
  readonly shape?: (message: T) => void;
}

function shaped<T>(name: MessageName): Shaped<T> {
  return { name, desc: otlpMessage(name) };
}

const METRICS: Shaped<WireMetrics> = shaped("ExportMetricsServiceRequest");
const LOGS: Shaped<WireLogs> = shaped("ExportLogsServiceRequest");

function decode<T>({ name, desc }: Shaped<T>, bytes: Uint8Array): T {
  checkMessageCount(name, bytes);
  try {
    const message: unknown = fromBinary(desc, bytes, {
      readUnknownFields: false,
      recursionLimit: LIMITS.protobufNestingMessages,
    });
    // The shapes above are those of our own tables; this is the one place where reflection meets types.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return message as T;
  } catch (error) {
    throw reasonOf(error);
  }
}

/** Library messages name message types and limits, never payload bytes; anything else is summed up. */
function reasonOf(error: unknown): MonitorError {
  const message = error instanceof Error ? error.message : "";
  if (message.includes("depth")) return nestsTooDeep(error);
  return message === "premature EOF" ? endsTooEarly(error) : wrongForm(error);
}

/** An `ExportMetricsServiceRequest`, by reflection. @throws {PAYLOAD_MALFORMED} {PAYLOAD_TOO_LARGE} */
export function decodeMetricsMessage(bytes: Uint8Array): WireMetrics {
  return decode(METRICS, bytes);
}

/**
 * Counts the items of a metrics or logs request: data points or log records.
 * @throws {PAYLOAD_MALFORMED}
 */
export function countProtobuf(signal: Exclude<Signal, "traces">, bytes: Uint8Array): number {
  let count = 0;
  if (signal === "logs") {
    for (const resource of decode(LOGS, bytes).resourceLogs) {
      for (const scope of resource.scopeLogs) count += scope.logRecords.length;
    }
    return count;
  }
  for (const resource of decode(METRICS, bytes).resourceMetrics) {
    for (const scope of resource.scopeMetrics) for (const metric of scope.metrics) count += pointsOf(metric);
  }
  return count;
}

function pointsOf(metric: WireMetric): number {
  const data = metric.gauge ?? metric.sum ?? metric.histogram ?? metric.exponentialHistogram ?? metric.summary;
  return data?.dataPoints.length ?? 0;
}

import type { StoredSpan } from "@nexent/monitor-store";

interface ServiceSummary {
  readonly name: string;
  spanCount: number;
  errorSpanCount: number;
}

/** What a list of traces shows of one; times are Unix nanoseconds as text. */
export interface TraceSummary {
  readonly traceId: string;
  readonly rootServiceName: string;
  readonly rootOperationName: string;
  readonly minStartTimeUnixNano: string;
  readonly maxEndTimeUnixNano: string;
  readonly spanCount: number;
  readonly errorSpanCount: number;
  /** Spans whose parent is not in the trace. */
  readonly orphanSpanCount: number;
  readonly services: readonly Readonly<ServiceSummary>[];
}

/** @param spans of one trace by start, at least one. */
export function traceSummaryOf(spans: readonly StoredSpan[]): TraceSummary {
  const ids = new Set(spans.map(({ span }) => span.spanId));
  const services = new Map<string, ServiceSummary>();
  let [start, end, errors, orphans] = [spans[0]?.span.startUnixNanos ?? 0n, 0n, 0, 0];
  for (const { span } of spans) {
    const ended = span.startUnixNanos + (span.durationNanos ?? 0n);
    if (span.startUnixNanos < start) start = span.startUnixNanos;
    if (ended > end) end = ended;
    if (span.parentSpanId !== undefined && !ids.has(span.parentSpanId)) orphans++;
    const name = span.resource.service;
    const service = services.get(name) ?? { name, spanCount: 0, errorSpanCount: 0 };
    services.set(name, service);
    service.spanCount++;
    if (span.status === "error") {
      errors++;
      service.errorSpanCount++;
    }
  }
  const root = spans.find(({ span }) => span.parentSpanId === undefined)?.span;
  return {
    traceId: spans[0]?.span.traceId ?? "",
    rootServiceName: root?.resource.service ?? "",
    rootOperationName: root?.name ?? "",
    minStartTimeUnixNano: String(start),
    maxEndTimeUnixNano: String(end),
    spanCount: spans.length,
    errorSpanCount: errors,
    orphanSpanCount: orphans,
    services: [...services.values()],
  };
}

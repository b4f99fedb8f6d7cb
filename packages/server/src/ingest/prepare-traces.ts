import { setImmediate } from "node:timers/promises";
import { LIMITS, MonitorError } from "@nexent/monitor-core";
import { createSpanEncoder, type EncodedSpans } from "@nexent/monitor-store/encode";
import { spanCount, type TelemetryBatch } from "../codecs/telemetry-batch.ts";
import { normalise } from "./normalise.ts";
import type { RejectReason } from "./reject.ts";
import { totalCount } from "./sanitise.ts";
import { slicesOf } from "./span-slices.ts";
import { decodeTraces, type TraceRequest } from "./trace-request.ts";

/** A slice of a request, ready to be stored. It can be handed from thread to thread. */
export interface PreparedSpans {
  /** Spans that the sender sent. */
  readonly decoded: number;
  /** Values that had to be changed. */
  readonly sanitised: number;
  readonly rejected: ReadonlyMap<RejectReason, number>;
  /** What is left to store; absent when nothing is. */
  readonly encoded?: EncodedSpans;
}

/** Takes the slices of a request in their order. */
export type TakePrepared = (prepared: PreparedSpans) => void;

/** Everything that is done to a request before the store sees it: decoding, our names, limits, redaction, columns. */
export interface TracePreparer {
  /**
   * Resolves once the last slice was taken; none is taken of a request that cannot be read.
   * @param nowMs wall clock, for spans that lie too far from it.
   * @throws {PAYLOAD_MALFORMED} {PAYLOAD_TOO_LARGE} beyond `LIMITS.spansPerRequest`.
   */
  readonly prepare: (request: TraceRequest, nowMs: number, take: TakePrepared) => Promise<void>;
}

/** Prepares where it is called; a turn of the event loop lies between two slices. */
export function createInlinePreparer(): TracePreparer {
  const encode = createSpanEncoder();

  function prepareSlice(batch: TelemetryBatch, decoded: number, nowMs: number): PreparedSpans {
    const { spans, rejected, counts } = normalise(batch, nowMs);
    const common = { decoded, sanitised: totalCount(counts), rejected };
    return spans.length === 0 ? common : { ...common, encoded: encode(spans) };
  }

  return {
    async prepare(request, nowMs, take) {
      const batch = await decodeTraces(request);
      const total = spanCount(batch);
      if (total > LIMITS.spansPerRequest) {
        throw new MonitorError("PAYLOAD_TOO_LARGE", `more than ${LIMITS.spansPerRequest} spans in one request`);
      }
      let isFirst = true;
      for (const slice of slicesOf(batch, total)) {
        if (!isFirst) await setImmediate();
        isFirst = false;
        take(prepareSlice(slice, spanCount(slice), nowMs));
      }
    },
  };
}

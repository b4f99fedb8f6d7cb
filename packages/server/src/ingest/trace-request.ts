import { readJaegerThrift } from "../codecs/jaeger-thrift.ts";
import { readTracesJson } from "../codecs/otlp-json.ts";
import { decodeTracesProtobuf } from "../codecs/otlp-traces.ts";
import { stepByStep } from "../codecs/steps.ts";
import type { TelemetryBatch } from "../codecs/telemetry-batch.ts";

/** How a request of traces is written. */
type TraceForm = "otlp_protobuf" | "otlp_json" | "jaeger_thrift";

/** A request of traces as it came: inflated, not decoded. */
export interface TraceRequest {
  readonly form: TraceForm;
  readonly bytes: Uint8Array;
}

/** Decodes a request, with rests where its reader takes them. @throws {PAYLOAD_MALFORMED} {PAYLOAD_TOO_LARGE} */
export async function decodeTraces({ form, bytes }: TraceRequest): Promise<TelemetryBatch> {
  switch (form) {
    case "otlp_protobuf":
      return decodeTracesProtobuf(bytes);
    case "otlp_json":
      return await stepByStep(readTracesJson(bytes));
    case "jaeger_thrift":
      return await stepByStep(readJaegerThrift(bytes));
  }
}

import type { FuzzTarget } from "../harness/target.ts";
import { grpcFraming } from "./grpc-framing.ts";
import { jaegerThrift } from "./jaeger-thrift.ts";
import { journal } from "./journal.ts";
import { otlpJson, otlpProtobuf } from "./otlp.ts";
import { PLANTED } from "./planted.ts";
import { prometheusText } from "./prometheus-text.ts";
import { providerStreams } from "./provider-streams.ts";
import { querySide } from "./query-side.ts";

/** Every target by its name; the planted ones prove that the harness finds what it has to find. */
export const TARGETS: Readonly<Record<string, FuzzTarget>> = {
  "otlp-protobuf": otlpProtobuf,
  "otlp-json": otlpJson,
  "jaeger-thrift": jaegerThrift,
  "grpc-framing": grpcFraming,
  "prometheus-text": prometheusText,
  "provider-streams": providerStreams,
  "query-side": querySide,
  journal,
  ...PLANTED,
};

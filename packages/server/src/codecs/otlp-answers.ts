import { create, toBinary } from "@bufbuild/protobuf";
import { otlpMessage } from "./otlp-registry.ts";
import type { Signal } from "./telemetry-batch.ts";

/** The two encodings of OTLP over HTTP; an answer is written in the encoding of its request. */
export type OtlpEncoding = "protobuf" | "json";

export const CONTENT_TYPES: Readonly<Record<OtlpEncoding, string>> = {
  protobuf: "application/x-protobuf",
  json: "application/json",
};

/** Codes of google.rpc.Status that we answer with. */
const RPC_CODES = {
  invalidArgument: 3,
  deadlineExceeded: 4,
  permissionDenied: 7,
  resourceExhausted: 8,
  unimplemented: 12,
  unavailable: 14,
  unauthenticated: 16,
} as const;

/** `google.rpc.Code` of an HTTP status. */
export function rpcCodeOf(status: number): number {
  if (status === 408) return RPC_CODES.deadlineExceeded;
  if (status === 401) return RPC_CODES.unauthenticated;
  if (status === 403 || status === 421) return RPC_CODES.permissionDenied;
  if (status === 413) return RPC_CODES.resourceExhausted;
  if (status === 404 || status === 405 || status === 415) return RPC_CODES.unimplemented;
  return status === 429 || status >= 500 ? RPC_CODES.unavailable : RPC_CODES.invalidArgument;
}

const RESPONSE = otlpMessage("ExportServiceResponse");
const STATUS = otlpMessage("RpcStatus");
const RETRY_INFO = otlpMessage("RetryInfo");

const REJECTED_FIELD: Readonly<Record<Signal, string>> = {
  traces: "rejectedSpans",
  metrics: "rejectedDataPoints",
  logs: "rejectedLogRecords",
};

/** What was not kept of a request that is answered with success. */
export interface PartialSuccess {
  readonly rejected: number;
  readonly message: string;
}

/** Body of an `Export…ServiceResponse`; empty when everything was kept. */
export function encodeExportResponse(encoding: OtlpEncoding, signal: Signal, partial?: PartialSuccess): Uint8Array {
  if (encoding === "json") {
    const field = REJECTED_FIELD[signal];
    const body =
      partial === undefined
        ? {}
        : { partialSuccess: { [field]: String(partial.rejected), errorMessage: partial.message } };
    return Buffer.from(JSON.stringify(body));
  }
  const init =
    partial === undefined
      ? {}
      : { partialSuccess: { rejected: BigInt(partial.rejected), errorMessage: partial.message } };
  return toBinary(RESPONSE, create(RESPONSE, init));
}

/** Body of an error answer: `google.rpc.Status`. */
export function encodeStatus(encoding: OtlpEncoding, code: number, message: string): Uint8Array {
  if (encoding === "json") return Buffer.from(JSON.stringify({ code, message }));
  return toBinary(STATUS, create(STATUS, { code, message }));
}

/** A `google.rpc.Status` that says when to come back: what gRPC carries in `grpc-status-details-bin`. */
export function encodeRetryStatus(code: number, message: string, retryAfterMs: number): Uint8Array {
  const seconds = Math.floor(retryAfterMs / 1000);
  const nanos = Math.round((retryAfterMs - seconds * 1000) * 1e6);
  const value = toBinary(RETRY_INFO, create(RETRY_INFO, { retryDelay: { seconds: BigInt(seconds), nanos } }));
  const details = [{ typeUrl: "type.googleapis.com/google.rpc.RetryInfo", value }];
  return toBinary(STATUS, create(STATUS, { code, message, details }));
}

/** What a gRPC status means for a client of OTLP. */
import { bytesOf, protobufFields, varintOf } from "./protobuf-fields.ts";
import { retryable, type SendOutcome } from "./transport.ts";

const NAMES: Readonly<Record<number, string>> = {
  1: "CANCELLED",
  2: "UNKNOWN",
  3: "INVALID_ARGUMENT",
  4: "DEADLINE_EXCEEDED",
  5: "NOT_FOUND",
  6: "ALREADY_EXISTS",
  7: "PERMISSION_DENIED",
  8: "RESOURCE_EXHAUSTED",
  9: "FAILED_PRECONDITION",
  10: "ABORTED",
  11: "OUT_OF_RANGE",
  12: "UNIMPLEMENTED",
  13: "INTERNAL",
  14: "UNAVAILABLE",
  15: "DATA_LOSS",
  16: "UNAUTHENTICATED",
};
const RESOURCE_EXHAUSTED = 8;
const RETRYABLE = new Set([1, 4, 10, 11, 14, 15]);

/** Fields of `google.rpc.Status`, `google.protobuf.Any`, `google.rpc.RetryInfo` and `google.protobuf.Duration`. */
const STATUS_DETAILS = 3;
const ANY = { typeUrl: 1, value: 2 } as const;
const RETRY_DELAY = 1;
const DURATION = { seconds: 1, nanos: 2 } as const;

/** Outcome of a status other than OK. RESOURCE_EXHAUSTED may pass only if the receiver says when to come again. */
export function statusOutcome(code: number, retryAfterMs: number | undefined): SendOutcome {
  const reason = `gRPC ${NAMES[code] ?? "UNKNOWN"}`;
  const mayPass = RETRYABLE.has(code) || (code === RESOURCE_EXHAUSTED && retryAfterMs !== undefined);
  return mayPass ? retryable(reason, retryAfterMs) : { status: "refused", reason };
}

/** Milliseconds of the `RetryInfo` in a `grpc-status-details-bin` trailer; undefined when there is none. */
export function retryDelayMs(trailer: string | readonly string[] | undefined): number | undefined {
  if (typeof trailer !== "string") return undefined;
  for (const field of protobufFields(Buffer.from(trailer, "base64"))) {
    if (field.id !== STATUS_DETAILS || !("bytes" in field)) continue;
    const type = bytesOf(field.bytes, ANY.typeUrl);
    const value = bytesOf(field.bytes, ANY.value);
    if (type === undefined || value === undefined) continue;
    if (!Buffer.from(type).toString("latin1").endsWith("/google.rpc.RetryInfo")) continue;
    const delay = bytesOf(value, RETRY_DELAY) ?? new Uint8Array();
    return (varintOf(delay, DURATION.seconds) ?? 0) * 1000 + (varintOf(delay, DURATION.nanos) ?? 0) / 1e6;
  }
  return undefined;
}

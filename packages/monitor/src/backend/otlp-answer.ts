/** What an OTLP receiver says in a successful answer. */
import { bytesOf, varintOf } from "./protobuf-fields.ts";
import type { SendOutcome } from "./transport.ts";

/** `Export…ServiceResponse.partial_success`; its first field counts the rejected items, whatever the signal. */
const PARTIAL_SUCCESS = 1;
const REJECTED = 1;
/** The same in JSON, by signal. */
const REJECTED_KEYS = ["rejectedSpans", "rejectedDataPoints", "rejectedLogRecords"] as const;

function accepted(rejected: number | undefined): SendOutcome {
  return rejected !== undefined && rejected > 0 && Number.isSafeInteger(rejected)
    ? { status: "accepted", rejected }
    : { status: "accepted" };
}

/** Outcome of the protobuf body of a success; a body that cannot be read is a plain success. */
export function readProtobufAnswer(body: Uint8Array): SendOutcome {
  const partial = bytesOf(body, PARTIAL_SUCCESS);
  return accepted(partial && varintOf(partial, REJECTED));
}

/** As {@link readProtobufAnswer}, for JSON. */
export function readJsonAnswer(body: Uint8Array): SendOutcome {
  try {
    const answer: unknown = JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("utf8"));
    const partial: unknown = Reflect.get(Object(answer), "partialSuccess");
    const counts = REJECTED_KEYS.map((key) => Number(Reflect.get(Object(partial), key)));
    return accepted(counts.find((count) => count > 0));
  } catch {
    return accepted(undefined);
  }
}

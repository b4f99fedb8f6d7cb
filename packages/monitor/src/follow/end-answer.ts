import type { Provider, ResponseReading } from "@nexent/monitor-core";
import type { CallEnd } from "../recording/recording.ts";
import type { Followed } from "./followed.ts";
import { readAnyAnswer } from "./format-detector.ts";
import { recordAnswer } from "../recording/record-answer.ts";

function readAnswer(value: object, provider: Provider | undefined): ResponseReading | undefined {
  return provider === undefined ? readAnyAnswer(value) : provider.readResponse(value);
}

/**
 * Ends a call with its whole answer: usage, model and finish reason are read when the answer has them, and an error
 * that a provider reports under a status of success ends it as one.
 */
export function endAnswer(value: unknown, call: Followed, more: Pick<CallEnd, "httpStatus"> = {}): void {
  const { sink, provider } = call;
  const isAnswer = typeof value === "object" && value !== null;
  const reading = isAnswer ? readAnswer(value, provider) : undefined;
  if (isAnswer) sink.content?.whole(value);
  if (call.askedStream === true) sink.amend({ streaming: false });
  if (reading !== undefined) recordAnswer(sink.clock, reading, sink.micros(performance.now()));
  // A value of a format nobody named may have an `error` of its own, which says nothing of the call.
  const fault = provider === undefined ? undefined : reading?.fault;
  if (fault === undefined) sink.end({ outcome: "ok", ...more });
  else {
    const { errorType, code } = fault;
    sink.end({ outcome: "error", errorType, ...(code !== undefined && { errorCode: code }), ...more });
  }
}

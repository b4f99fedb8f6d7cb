import { DELTA_KIND_BIT, emptyStreamEvent, type ResponseReading, type TokenClock } from "@nexent/monitor-core";

/** Tells the clock what a whole answer said, as if it had come in one event; no streaming mark comes of it. */
export function recordAnswer(clock: TokenClock, reading: ResponseReading, atMicros: number): void {
  const event = emptyStreamEvent();
  event.usage = reading.usage;
  event.responseModel = reading.responseModel;
  event.responseId = reading.responseId;
  event.serverTimings = reading.serverTimings;
  event.choiceCount = reading.choiceCount;
  if (reading.outputBytes > 0) {
    event.kinds = DELTA_KIND_BIT.text;
    event.kind = "text";
    event.outputBytes = reading.outputBytes;
  }
  const [first, ...others] = reading.finishReasons;
  event.finishReason = first;
  clock.record(event, atMicros);
  for (const finishReason of others) clock.record({ ...emptyStreamEvent(), finishReason }, atMicros);
}

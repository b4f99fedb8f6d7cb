/** Small builders for the bytes of Gemini answers. They know the wire format and nothing of how we measure it. */
import type { ScheduledWrite } from "./scenario.ts";
import { at, type Fields } from "./writes.ts";

const DATA = "data: ";
const SEPARATOR = "\r\n\r\n";

/** One response object of a stream as a server-sent event. Gemini ends its lines with CRLF. */
export function chunk(fields: Fields): string {
  const value = { ...fields, modelVersion: "scenario-1", responseId: "gemini-scenario" };
  return `${DATA}${JSON.stringify(value)}${SEPARATOR}`;
}

/** A candidate with these parts; `more` goes beside its content. */
export function candidate(parts: readonly Fields[], more: Fields = {}): Fields {
  return { content: { parts, role: "model" }, index: 0, ...more };
}

/** A chunk with one part of the first candidate; `more` goes beside the candidates. */
export function part(fields: Fields, more: Fields = {}): string {
  return chunk({ candidates: [candidate([fields])], ...more });
}

/** A piece of visible text. */
export function text(content: string, more: Fields = {}): string {
  return part({ text: content }, more);
}

/** A `usageMetadata` member of 7 input tokens; `candidatesTokenCount` leaves out the thoughts. */
export function usageOf(candidatesTokenCount: number, thoughtsTokenCount?: number): Fields {
  return {
    usageMetadata: {
      promptTokenCount: 7,
      candidatesTokenCount,
      ...(thoughtsTokenCount === undefined ? {} : { thoughtsTokenCount }),
      totalTokenCount: 7 + candidatesTokenCount + (thoughtsTokenCount ?? 0),
    },
  };
}

/** The last chunk: an empty text and the finish reason. */
export function finish(reason: string, more: Fields = {}): string {
  return chunk({ candidates: [candidate([{ text: "" }], { finishReason: reason })], ...more });
}

/** The body of an error. */
export function errorBody(code: number, status: string): Fields {
  return { error: { code, message: "refused", status } };
}

/** An error event. */
export function errorEvent(code: number, status: string): string {
  return `${DATA}${JSON.stringify(errorBody(code, status))}${SEPARATOR}`;
}

/** The body of an answer that is no stream. */
export function whole(content: string, outputTokens: number): string {
  return JSON.stringify({
    candidates: [candidate([{ text: content }], { finishReason: "STOP", avgLogprobs: -0.1 })],
    ...usageOf(outputTokens),
    modelVersion: "scenario-1",
    responseId: "gemini-scenario",
  });
}

/** The same chunks as the elements of one JSON array, which is the framing without `alt=sse`. */
export function arrayWrites(writes: readonly ScheduledWrite[], closes: boolean): readonly ScheduledWrite[] {
  let opened = false;
  return writes.map(({ atMs, text: frames }, index) => {
    const elements = frames.split(SEPARATOR).filter((frame) => frame !== "");
    const framed = elements.map((frame) => {
      const before = opened ? ",\r\n" : "[";
      opened = true;
      return before + frame.slice(DATA.length);
    });
    return at(atMs, ...framed, closes && index === writes.length - 1 ? "\n]\n" : "");
  });
}

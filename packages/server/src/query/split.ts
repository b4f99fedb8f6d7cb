import type { RequestDetail } from "@nexent/monitor-api";
import type { LlmFields } from "@nexent/monitor-core";
import { lostMicros, type StreamTape } from "./stream-tape.ts";

/** Whole microseconds of a number of seconds. */
export function microsOf(seconds: number): number {
  return Math.round(seconds * 1e6);
}

/**
 * Where the duration of one call went (dashboard contract 1.3). The parts are whole microseconds and add up to the
 * duration exactly; what does not stream is undivided, never guessed.
 */
export function splitOf(llm: LlmFields, durationMicros: number, tape: StreamTape | undefined): RequestDetail["split"] {
  if (llm.streaming === false) return [part("undivided", durationMicros)];
  const first = firstTokenMicros(llm, tape);
  // Without a token a stream waited to its end; for a call of which nothing is known, nothing is divided.
  if (first === undefined) return [part(llm.streaming === true ? "wait" : "undivided", durationMicros)];
  const last = lastTokenMicros(llm, tape);
  if (last === undefined)
    return [
      part("wait", clamp(first, 0, durationMicros)),
      part("undivided", durationMicros - clamp(first, 0, durationMicros)),
    ];
  const from = clamp(first, 0, durationMicros);
  const to = clamp(last, from, durationMicros);
  const window = to - from;
  const toolWait = clamp(tape === undefined ? 0 : lostMicros(tape.report, "toolWait"), 0, window);
  const stalls = clamp(tape === undefined ? 0 : lostMicros(tape.report, "pause"), 0, window - toolWait);
  return [
    part("wait", from),
    part("decode", window - toolWait - stalls),
    part("tool_wait", toolWait),
    part("stalls", stalls),
    part("tail", durationMicros - to),
  ];
}

/** First counted delta: the mark itself, else the first entry of the tape. */
export function firstTokenMicros(llm: LlmFields, tape: StreamTape | undefined): number | undefined {
  return llm.ttftSeconds === undefined ? tape?.entries[0]?.atMicros : microsOf(llm.ttftSeconds);
}

/** Last counted delta: the mark itself, else the last entry of the tape. */
export function lastTokenMicros(llm: LlmFields, tape: StreamTape | undefined): number | undefined {
  return llm.lastTokenSeconds === undefined ? tape?.entries.at(-1)?.atMicros : microsOf(llm.lastTokenSeconds);
}

function part(name: RequestDetail["split"][number]["part"], micros: number): RequestDetail["split"][number] {
  return { part: name, seconds: micros / 1e6 };
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

/** Writes and headers that the answers of every wire format have in common. */
import type { ScheduledWrite } from "./scenario.ts";

/** Five bytes of output; every token of the scenarios is this long unless the scenario says otherwise. */
export const WORD = " word";

/** Content type of an answer of server-sent events. */
export const STREAM_HEADERS = { "content-type": "text/event-stream; charset=utf-8" } as const;

/** Content type of a whole answer. */
export const JSON_HEADERS = { "content-type": "application/json" } as const;

/** Members of a JSON object. */
export type Fields = Readonly<Record<string, unknown>>;

/** A server-sent event without a name; `value` as JSON. */
export function frame(value: unknown): string {
  return `data: ${JSON.stringify(value)}\n\n`;
}

/** A server-sent event that is named by the `type` of its value. */
export function typedFrame(value: Fields & { readonly type: string }): string {
  return `event: ${value.type}\n${frame(value)}`;
}

/** One write. */
export function at(atMs: number, ...frames: readonly string[]): ScheduledWrite {
  return { atMs, text: frames.join("") };
}

/** `count` writes, `gapMs` apart, the first at `fromMs`. */
export function every(
  gapMs: number,
  fromMs: number,
  count: number,
  frameOf: (index: number) => string,
): readonly ScheduledWrite[] {
  return Array.from({ length: count }, (_, index) => at(fromMs + index * gapMs, frameOf(index)));
}

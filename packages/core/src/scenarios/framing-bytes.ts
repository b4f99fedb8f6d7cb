/** The same frames in unusual but legal framing. */
import type { ScheduledWrite } from "./scenario.ts";
import { at } from "./writes.ts";

const BOM = "\uFEFF";
/** Where a frame is cut in two. */
const CUT = 40;

/** CRLF line ends, no space after the colon, and fields nobody asked for. */
export function odd(frames: string): string {
  return frames
    .replaceAll("event: ", "event:")
    .replaceAll("data: ", "id:1\nretry:3000\ndata:")
    .replaceAll(/\r?\n/g, "\r\n");
}

/** Every write in two: the first bytes 10 ms early. An event is there when it is complete, which is at its old time. */
export function inTwoWrites(writes: readonly ScheduledWrite[]): readonly ScheduledWrite[] {
  return writes.flatMap(({ atMs, text }) => [at(atMs - 10, text.slice(0, CUT)), at(atMs, text.slice(CUT))]);
}

/** A schedule of server-sent events with all of it: byte order mark, odd lines, cut frames. */
export function oddSse(writes: readonly ScheduledWrite[]): readonly ScheduledWrite[] {
  const [first, ...rest] = writes.map(({ atMs, text }) => at(atMs, odd(text)));
  return first === undefined ? [] : [at(first.atMs, BOM, first.text), ...inTwoWrites(rest)];
}

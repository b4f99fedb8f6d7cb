/**
 * Server-sent events from bytes that may be split anywhere. Works on lines of latin1 text, so a split multi-byte
 * character needs no care; `\n`, `\r` and `\r\n` end a line, several `data:` lines join with `\n`.
 */
import { LIMITS } from "../limits.ts";
import { latin1Of } from "../utf8.ts";
import { endOfTail, withTail } from "./tail.ts";

/**
 * One dispatched event. `data` holds UTF-8 bytes, one per character. `cut`: the event was longer than the bound, `data`
 * is its beginning and `tail` its last bytes.
 */
type SseSink = (eventName: string, data: string, cut: boolean, tail: string) => void;

/** Reads one answer; see {@link createSseScanner}. */
interface SseScanner {
  /** Feeds one body read; calls the sink for each event whose blank line has come. */
  push(bytes: Uint8Array, sink: SseSink): void;
  /** End of body: dispatches a last event that had no blank line behind it. */
  end(sink: SseSink): void;
  /** Nothing of a next event has come yet, and something of the stream has. */
  readonly isBetweenEvents: boolean;
}

/** What a scanner takes beyond the standard. */
interface SseOptions {
  /**
   * A JSON object that stands in the stream without `data:`, up to the next blank line or `data:` line, is an event of
   * its own (default false: such lines are ignored, as the standard says).
   */
  readonly bareJson?: boolean;
}

const LF = 0x0a;
const CR = 0x0d;
const COLON = 0x3a;
const BOM = "\u00ef\u00bb\u00bf";

class LineSse implements SseScanner {
  readonly #maxLineBytes: number;
  readonly #bareJson: boolean;
  /** Beginning of a line whose end has not come; comments are held as their colon only. */
  #carry = "";
  /** The line in progress is a comment, or beyond the bound: the rest of it is skipped. */
  #skipping = false;
  #lineCut = false;
  /** End of a cut line. */
  #lineTail = "";
  #afterCr = false;
  #firstLine = true;
  #eventName = "";
  /** The `event:` line that came last, whole. Most streams repeat it in front of every frame: it need not be decoded. */
  #lastEventLine = "";
  #lastEventName = "";
  #data: string | undefined;
  #dataCut = false;
  #dataTail = "";
  /** The event in progress is JSON without `data:`. */
  #inBareJson = false;

  constructor(maxLineBytes: number, { bareJson = false }: SseOptions) {
    this.#maxLineBytes = maxLineBytes;
    this.#bareJson = bareJson;
  }

  get isBetweenEvents(): boolean {
    return (
      this.#carry === "" && this.#data === undefined && this.#eventName === "" && !this.#afterCr && !this.#firstLine
    );
  }

  push(bytes: Uint8Array, sink: SseSink): void {
    if (bytes.length === 0) return;
    // The LF of a CRLF ends no second line, also when the two came in different reads.
    let start = this.#afterCr && bytes[0] === LF ? 1 : 0;
    this.#afterCr = false;
    let lf = bytes.indexOf(LF, start);
    let cr = bytes.indexOf(CR, start);
    while (lf >= 0 || cr >= 0) {
      const end = lf < 0 || (cr >= 0 && cr < lf) ? cr : lf;
      if (this.#repeatsEventLine(bytes, start, end)) this.#eventName = this.#lastEventName;
      else {
        this.#hold(bytes, start, end);
        this.#endLine(sink);
      }
      start = end + 1;
      if (end === cr && start < bytes.length && bytes[start] === LF) start += 1;
      else if (end === cr) this.#afterCr = start === bytes.length;
      if (lf >= 0 && lf < start) lf = bytes.indexOf(LF, start);
      if (cr >= 0 && cr < start) cr = bytes.indexOf(CR, start);
    }
    this.#hold(bytes, start, bytes.length);
  }

  end(sink: SseSink): void {
    if (this.#carry !== "") this.#endLine(sink);
    this.#dispatch(sink);
  }

  #hold(bytes: Uint8Array, start: number, end: number): void {
    if (end <= start) return;
    if (this.#skipping) {
      if (this.#lineCut) this.#lineTail = withTail(this.#lineTail, bytes, start, end);
      return;
    }
    if (this.#carry === "" && bytes[start] === COLON) {
      this.#carry = ":";
      this.#skipping = true;
      return;
    }
    const room = this.#maxLineBytes - this.#carry.length;
    if (end - start > room) {
      this.#skipping = true;
      this.#lineCut = true;
      this.#lineTail = withTail("", bytes, start + room, end);
    }
    const piece = latin1Of(bytes, start, Math.min(end, start + room));
    this.#carry = this.#carry === "" ? piece : this.#carry + piece;
  }

  #endLine(sink: SseSink): void {
    let line = this.#carry;
    const cut = this.#lineCut;
    this.#carry = "";
    this.#skipping = false;
    this.#lineCut = false;
    if (this.#firstLine && line.startsWith(BOM)) line = line.slice(BOM.length);
    this.#firstLine = false;
    if (this.#bareJson && this.#takeBareJson(line, cut, sink)) return;
    if (line === "") this.#dispatch(sink);
    else if (line.startsWith("data:")) this.#addData(line.slice(line.charCodeAt(5) === 0x20 ? 6 : 5), cut);
    else if (line === "data") this.#addData("", false);
    else if (line.startsWith("event:")) {
      this.#eventName = line.slice(line.charCodeAt(6) === 0x20 ? 7 : 6);
      if (cut) return;
      this.#lastEventLine = line;
      this.#lastEventName = this.#eventName;
    }
  }

  #repeatsEventLine(bytes: Uint8Array, start: number, end: number): boolean {
    const line = this.#lastEventLine;
    if (end - start !== line.length || line === "" || this.#carry !== "") return false;
    for (let i = 0; i < line.length; i += 1) if (bytes[start + i] !== line.charCodeAt(i)) return false;
    return true;
  }

  /** True when the line was part of an object without `data:`. */
  #takeBareJson(line: string, cut: boolean, sink: SseSink): boolean {
    if (this.#inBareJson && line.startsWith("data:")) this.#dispatch(sink);
    if (line === "" || !(this.#inBareJson || (this.#data === undefined && line.startsWith("{")))) return false;
    this.#inBareJson = true;
    this.#addData(line, cut);
    return true;
  }

  #addData(text: string, cut: boolean): void {
    this.#dataCut ||= cut;
    this.#dataTail = cut ? this.#lineTail : "";
    if (this.#data === undefined) {
      this.#data = text;
      return;
    }
    const room = this.#maxLineBytes - this.#data.length - 1;
    if (text.length > room) this.#dataCut = true;
    if (room >= 0) this.#data += `\n${text.slice(0, room)}`;
  }

  #dispatch(sink: SseSink): void {
    const data = this.#data;
    const name = this.#eventName;
    const cut = this.#dataCut;
    const tail = endOfTail(this.#dataTail);
    this.#data = undefined;
    this.#eventName = "";
    this.#dataCut = false;
    this.#dataTail = "";
    this.#inBareJson = false;
    if (data !== undefined) sink(name, data, cut, tail);
  }
}

/**
 * A scanner for one answer; holds at most `maxLineBytes` (default 1 MiB) of an unfinished line and of an event, and
 * 16 KiB of the end of a longer one.
 */
export function createSseScanner(
  maxLineBytes: number = LIMITS.observerLineBytes,
  options: SseOptions = {},
): SseScanner {
  return new LineSse(maxLineBytes, options);
}

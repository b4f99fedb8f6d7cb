/**
 * Server-sent events from bytes that may be split anywhere. Works on lines of latin1 text, so a split multi-byte
 * character needs no care; `\n`, `\r` and `\r\n` end a line, several `data:` lines join with `\n`.
 */
import { LIMITS } from "../limits.ts";
import { latin1Of } from "../utf8.ts";

/** One dispatched event. `data` holds the UTF-8 bytes, one per character. */
export type SseSink = (eventName: string, data: string) => void;

export interface SseScanner {
  push(bytes: Uint8Array, sink: SseSink): void;
  /** End of body: dispatches a last event that had no blank line behind it. */
  end(sink: SseSink): void;
}

const LF = 0x0a;
const CR = 0x0d;
const BOM = "\u00ef\u00bb\u00bf";

class LineSse implements SseScanner {
  readonly #maxLineBytes: number;
  #carry = "";
  /** The line in progress is beyond the bound: what is held stands for it, the rest is skipped. */
  #skipping = false;
  #afterCr = false;
  #firstLine = true;
  #eventName = "";
  #data: string | undefined;

  constructor(maxLineBytes: number) {
    this.#maxLineBytes = maxLineBytes;
  }

  push(bytes: Uint8Array, sink: SseSink): void {
    let start = 0;
    for (let i = 0; i < bytes.length; i += 1) {
      const code = bytes[i];
      if (code !== LF && code !== CR) {
        this.#afterCr = false;
        continue;
      }
      // The LF of a CRLF ends no second line, also when the two came in different reads.
      if (code === LF && this.#afterCr) {
        this.#afterCr = false;
        start = i + 1;
        continue;
      }
      this.#hold(bytes, start, i);
      this.#afterCr = code === CR;
      start = i + 1;
      this.#endLine(sink);
    }
    this.#hold(bytes, start, bytes.length);
  }

  end(sink: SseSink): void {
    if (this.#carry !== "") this.#endLine(sink);
    this.#dispatch(sink);
  }

  #hold(bytes: Uint8Array, start: number, end: number): void {
    if (end <= start || this.#skipping) return;
    const room = this.#maxLineBytes - this.#carry.length;
    if (end - start > room) this.#skipping = true;
    this.#carry += latin1Of(bytes, start, Math.min(end, start + room));
  }

  #endLine(sink: SseSink): void {
    let line = this.#carry;
    this.#carry = "";
    this.#skipping = false;
    if (this.#firstLine && line.startsWith(BOM)) line = line.slice(BOM.length);
    this.#firstLine = false;
    if (line === "") this.#dispatch(sink);
    else if (line.startsWith("data:")) this.#addData(line.slice(line.charCodeAt(5) === 0x20 ? 6 : 5));
    else if (line.startsWith("event:")) this.#eventName = line.slice(line.charCodeAt(6) === 0x20 ? 7 : 6);
  }

  #addData(text: string): void {
    const joined = this.#data === undefined ? text : `${this.#data}\n${text}`;
    this.#data = joined.length > this.#maxLineBytes ? joined.slice(0, this.#maxLineBytes) : joined;
  }

  #dispatch(sink: SseSink): void {
    const data = this.#data;
    const name = this.#eventName;
    this.#data = undefined;
    this.#eventName = "";
    if (data !== undefined) sink(name, data);
  }
}

/** A scanner for one answer; holds at most `maxLineBytes` (default 1 MiB) of an unfinished event. */
export function createSseScanner(maxLineBytes: number = LIMITS.observerLineBytes): SseScanner {
  return new LineSse(maxLineBytes);
}

/**
 * Newline-delimited JSON from bytes that may be split anywhere. Works on lines of latin1 text, so a split multi-byte
 * character needs no care; `\n` and `\r\n` end a line, blank lines are nothing.
 */
import { LIMITS } from "../limits.ts";
import { latin1Of } from "../utf8.ts";
import { endOfTail, withTail } from "./tail.ts";

/**
 * One line. `line` holds UTF-8 bytes, one per character. `cut`: it was longer than the bound, `line` is its beginning and
 * `tail` its last bytes.
 */
type LineSink = (line: string, cut: boolean, tail: string) => void;

/** Reads one answer; see {@link createNdjsonScanner}. */
interface NdjsonScanner {
  /** Feeds one body read; calls the sink for each line whose end has come. */
  push(bytes: Uint8Array, sink: LineSink): void;
  /** End of body: gives a last line that had no line end. */
  end(sink: LineSink): void;
}

const LF = 0x0a;
const BOM = "\u00ef\u00bb\u00bf";

class NdjsonLines implements NdjsonScanner {
  readonly #maxLineBytes: number;
  /** Beginning of a line whose end has not come. */
  #carry = "";
  #cut = false;
  #tail = "";
  #firstLine = true;

  constructor(maxLineBytes: number) {
    this.#maxLineBytes = maxLineBytes;
  }

  push(bytes: Uint8Array, sink: LineSink): void {
    let start = 0;
    for (let lf = bytes.indexOf(LF); lf >= 0; lf = bytes.indexOf(LF, start)) {
      this.#hold(bytes, start, lf);
      this.#endLine(sink);
      start = lf + 1;
    }
    this.#hold(bytes, start, bytes.length);
  }

  end(sink: LineSink): void {
    this.#endLine(sink);
  }

  #hold(bytes: Uint8Array, start: number, end: number): void {
    const room = this.#maxLineBytes - this.#carry.length;
    const stop = Math.min(end, start + room);
    if (stop < end) {
      this.#cut = true;
      this.#tail = withTail(this.#tail, bytes, stop, end);
    }
    if (stop > start) this.#carry += latin1Of(bytes, start, stop);
  }

  #endLine(sink: LineSink): void {
    let line = this.#carry;
    const cut = this.#cut;
    const tail = endOfTail(this.#tail);
    this.#carry = "";
    this.#cut = false;
    this.#tail = "";
    if (this.#firstLine && line.startsWith(BOM)) line = line.slice(BOM.length);
    this.#firstLine = false;
    if (!cut && line.endsWith("\r")) line = line.slice(0, -1);
    if (line.trim() !== "") sink(line, cut, tail);
  }
}

/** A scanner for one answer; holds at most `maxLineBytes` (default 1 MiB) of a line, and 16 KiB of its end. */
export function createNdjsonScanner(maxLineBytes: number = LIMITS.observerLineBytes): NdjsonScanner {
  return new NdjsonLines(maxLineBytes);
}

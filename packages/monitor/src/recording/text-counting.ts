/** Counts the tokens of answers that came without usage: after the stream, in small turns, one answer after the other. */
import { utf8Length, type CountedText } from "@nexent/monitor-core";
import type { Tokenizer } from "../config/tokenizer.ts";
import type { AnswerText, KeptText } from "./answer-text.ts";

/** One answer to be counted. */
export interface CountingJob {
  readonly text: AnswerText;
  /** UTF-8 bytes of all output that was counted: a text of another length is not the whole answer. */
  readonly outputBytes: number;
  readonly tokenizer: Tokenizer;
  readonly model: string;
  /** Called once: with the counts, or without any when they could not be had. */
  readonly done: (counted?: CountedText) => void;
}

/** A queue of answers. Its timer keeps no process alive. */
export interface TextCounting {
  add(job: CountingJob): void;
  /** Whoever waits is told at once that nothing was counted, and so is whoever comes later. */
  close(): void;
}

const PIECE_BYTES = 2000;
const MOST_BYTES_PER_UNIT = 3;
const TURN_MS = 10;
const SPACE = 0x20;
const LINE_FEED = 0x0a;

/** The end of the next piece: before white space, where tokens begin, and never inside a character. */
function pieceEnd(text: string, from: number): number {
  const isPlain = utf8Length(text.slice(from, from + PIECE_BYTES)) <= PIECE_BYTES;
  const length = isPlain ? PIECE_BYTES : Math.floor(PIECE_BYTES / MOST_BYTES_PER_UNIT);
  const end = from + length;
  if (end >= text.length) return text.length;
  for (let at = end; at > end - length / 2; at -= 1) {
    const code = text.charCodeAt(at);
    if (code === SPACE || code === LINE_FEED) return at;
  }
  const code = text.charCodeAt(end);
  return code >= 0xdc00 && code <= 0xdfff ? end - 1 : end;
}

/** A job that is being counted. */
class Count {
  readonly #job: CountingJob;
  readonly #parts: readonly [keyof CountedText, string][];
  readonly #counted = { leadingReasoning: 0, rest: 0 };
  #part = 0;
  #at = 0;

  constructor(job: CountingJob, { leadingReasoning, rest }: KeptText) {
    this.#job = job;
    this.#parts = [
      ["leadingReasoning", leadingReasoning],
      ["rest", rest],
    ];
  }

  /** Counts one piece. The counts when that was the last, false when it could not be counted, undefined to go on. */
  step(): CountedText | false | undefined {
    const [part, text] = this.#parts[this.#part] ?? [];
    if (part === undefined || text === undefined) return this.#counted;
    if (this.#at >= text.length) {
      this.#part += 1;
      this.#at = 0;
      return undefined;
    }
    const end = pieceEnd(text, this.#at);
    const tokens = countOf(this.#job, text.slice(this.#at, end));
    if (tokens === undefined) return false;
    this.#counted[part] += tokens;
    this.#at = end;
    return undefined;
  }
}

/** The count of a job whose text is all of its answer. */
function countOfWhole(job: CountingJob): Count | undefined {
  const text = job.text.read();
  if (text === undefined) return undefined;
  const bytes = utf8Length(text.leadingReasoning) + utf8Length(text.rest);
  return bytes === job.outputBytes ? new Count(job, text) : undefined;
}

function countOf({ tokenizer, model }: CountingJob, text: string): number | undefined {
  try {
    const tokens: unknown = tokenizer(text, model);
    return typeof tokens === "number" && Number.isSafeInteger(tokens) && tokens >= 0 ? tokens : undefined;
  } catch {
    return undefined;
  }
}

/** @param nowMs monotonic milliseconds. */
export function createTextCounting(nowMs: () => number): TextCounting {
  const jobs: CountingJob[] = [];
  let current: Count | undefined;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  function finish(counted: CountedText | undefined): void {
    const job = jobs.shift();
    current = undefined;
    job?.text.drop();
    try {
      job?.done(counted);
    } catch {
      // This runs from a timer: nothing of ours may reach the host from there.
    }
  }

  function turn(): void {
    timer = undefined;
    const endMs = nowMs() + TURN_MS;
    do {
      const [job] = jobs;
      if (job === undefined) return;
      current ??= countOfWhole(job);
      const counted = current === undefined ? false : current.step();
      if (counted !== undefined) finish(counted === false ? undefined : counted);
    } while (nowMs() < endMs);
    schedule();
  }

  function schedule(): void {
    if (jobs.length === 0 || timer !== undefined) return;
    timer = setTimeout(turn, 0);
    timer.unref();
  }

  return {
    add(job) {
      jobs.push(job);
      if (closed) finish(undefined);
      else schedule();
    },
    close() {
      closed = true;
      clearTimeout(timer);
      timer = undefined;
      while (jobs.length > 0) finish(undefined);
    },
  };
}

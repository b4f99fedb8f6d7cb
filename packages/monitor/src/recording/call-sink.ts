import type { AnswerText } from "./answer-text.ts";
import type { AnswerContent } from "./call-content.ts";
import type { CallEnd, Recording } from "./recording.ts";

/** What observers of results and streams tell a call. A {@link Recording} is one. */
export interface CallSink extends Pick<Recording, "clock" | "span" | "ended" | "micros" | "amend" | "readAtMs"> {
  /** Takes the text of the answer; undefined when nobody will count it. */
  readonly text?: AnswerText | undefined;
  /** Takes what of an answer does not pass {@link text}; undefined unless content is captured. */
  readonly content?: AnswerContent | undefined;
  /** First end wins. */
  end(end: CallEnd): void;
}

/**
 * A block or tracker inside an observed call: its marks go to that call, its end is its own only. One call, one record.
 */
export function joinCall(outer: Recording): CallSink {
  let over = false;
  return {
    get clock() {
      return outer.clock;
    },
    span: outer.span,
    get ended() {
      return over || outer.ended;
    },
    get text() {
      return outer.text;
    },
    get content() {
      return outer.content;
    },
    get readAtMs() {
      return outer.readAtMs;
    },
    micros: (atMs) => outer.micros(atMs),
    amend: (change) => outer.amend(change),
    end() {
      over = true;
    },
  };
}

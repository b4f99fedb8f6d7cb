/** The text of answers that a tokenizer may have to count, kept only as long as it may be needed. */
import { LIMITS, type DeltaKind } from "@nexent/monitor-core";

/** The text of one answer, split where its generating window begins when reasoning came as a summary. */
export interface KeptText {
  /** Reasoning before the first output of another kind. */
  readonly leadingReasoning: string;
  readonly rest: string;
}

/** Collects the counted deltas of one answer. Nothing incomplete is ever counted: what cannot be kept ends it. */
export interface AnswerText {
  add(kind: DeltaKind, text: string): void;
  /** It is not needed any more, or not complete: a usage came, a delta had no text, a bound was met. */
  drop(): void;
  /** Whether all output so far is here, and there is some. */
  readonly complete: boolean;
  /** The whole text; undefined when it is not complete. */
  read(): KeptText | undefined;
}

/** Opens texts that share one bound. */
export interface TextKeeper {
  open(): AnswerText;
}

/** Strings take two bytes per character at worst. */
const BYTES_PER_CHARACTER = 2;
/** Deltas that become one string, so that a token costs what its characters do. */
const DELTAS_PER_BLOCK = 256;

/** A text that grows by small pieces. */
class GrowingText {
  #blocks: string[] = [];
  #deltas: string[] = [];

  get isEmpty(): boolean {
    return this.#blocks.length === 0 && this.#deltas.length === 0;
  }

  add(text: string): void {
    this.#deltas.push(text);
    if (this.#deltas.length < DELTAS_PER_BLOCK) return;
    this.#blocks.push(this.#deltas.join(""));
    this.#deltas = [];
  }

  read(): string {
    return [...this.#blocks, ...this.#deltas].join("");
  }

  clear(): void {
    this.#blocks = [];
    this.#deltas = [];
  }
}

/** Texts of at most `perAnswerBytes` each and `totalBytes` together; both in memory, roughly. */
export function createTextKeeper(
  perAnswerBytes: number = LIMITS.tokenizerTextBytes,
  totalBytes: number = LIMITS.tokenizerTotalBytes,
): TextKeeper {
  let heldBytes = 0;
  return {
    open() {
      const leading = new GrowingText();
      const rest = new GrowingText();
      let bytes = 0;
      let dropped = false;
      const drop = (): void => {
        heldBytes -= bytes;
        bytes = 0;
        dropped = true;
        leading.clear();
        rest.clear();
      };
      return {
        add(kind, text) {
          if (dropped) return;
          const more = text.length * BYTES_PER_CHARACTER;
          // Audio and images are no text: their tokens cannot be counted from what was sent.
          if (kind === "audio" || bytes + more > perAnswerBytes || heldBytes + more > totalBytes) return drop();
          bytes += more;
          heldBytes += more;
          (kind === "reasoning" && rest.isEmpty ? leading : rest).add(text);
        },
        drop,
        get complete() {
          return bytes > 0;
        },
        read: () => (bytes > 0 ? { leadingReasoning: leading.read(), rest: rest.read() } : undefined),
      };
    },
  };
}

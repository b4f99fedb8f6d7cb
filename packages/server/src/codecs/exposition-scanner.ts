import { LIMITS } from "@nexent/monitor-core";
import { malformed } from "./malformed.ts";

const NUMBER = /^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|inf(?:inity)?|nan)$/i;
const METRIC_NAME = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const LABEL_NAME = /[a-zA-Z_][a-zA-Z0-9_]*/y;
const WORD = /[^ \t]+/y;
const BLANKS = /[ \t]*/y;
const PLAIN_VALUE = /[^"\\]*/y;

/** Reads one line of an exposition from left to right. Every method throws `PAYLOAD_MALFORMED` with the line number. */
export class LineScanner {
  readonly #text: string;
  readonly #line: number;
  #at = 0;

  /** @param line its number, from 1. */
  constructor(text: string, line: number) {
    this.#text = text;
    this.#line = line;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  /** The error of this line; the text of the line is never in it. */
  fault(what: string): Error {
    return malformed(`line ${this.#line}: ${what}`);
  }

  /** Whether blanks stood here; they are behind now. */
  blanks(): boolean {
    return this.#match(BLANKS) !== "";
  }

  /** Whether this character stands next; it is behind now. */
  takes(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  metricName(): string {
    return this.#need(METRIC_NAME, "a metric name");
  }

  /** Text up to the next blank. */
  word(what: string): string {
    return this.#need(WORD, what);
  }

  /** Everything that is left. */
  rest(): string {
    const rest = this.#text.slice(this.#at);
    this.#at = this.#text.length;
    return rest;
  }

  /** A value as Go reads it, in decimal. */
  number(what: string): number {
    const word = this.word(what);
    if (!NUMBER.test(word)) throw this.fault(`${what} is not a number`);
    return numberOf(word);
  }

  /** Labels behind the opening brace, which is behind already. */
  labels(): Map<string, string> {
    const labels = new Map<string, string>();
    for (;;) {
      this.blanks();
      if (this.takes("}")) return labels;
      const name = this.#need(LABEL_NAME, "a label name");
      this.blanks();
      if (!this.takes("=")) throw this.fault("'=' is missing behind a label name");
      this.blanks();
      if (labels.has(name)) throw this.fault("a label stands twice");
      if (labels.size >= LIMITS.scrapeLabels) throw this.fault(`more than ${LIMITS.scrapeLabels} labels`);
      labels.set(name, this.#quoted());
      this.blanks();
      if (this.takes("}")) return labels;
      if (!this.takes(",")) throw this.fault("',' or '}' is missing behind a label");
    }
  }

  #quoted(): string {
    if (!this.takes('"')) throw this.fault("a label value must be quoted");
    let value = "";
    for (;;) {
      value += this.#match(PLAIN_VALUE);
      if (value.length > LIMITS.valueBytes) throw this.fault(`a label value is longer than ${LIMITS.valueBytes}`);
      if (this.takes('"')) return value;
      if (!this.takes("\\")) throw this.fault("a label value has no end");
      if (this.takes("n")) value += "\n";
      else if (this.takes("\\")) value += "\\";
      else if (this.takes('"')) value += '"';
      else throw this.fault("a label value has an unknown escape");
    }
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? "";
    this.#at += found.length;
    return found;
  }

  #need(pattern: RegExp, what: string): string {
    const found = this.#match(pattern);
    if (found === "") throw this.fault(`${what} is missing`);
    if (found.length > LIMITS.keyBytes) throw this.fault(`${what} is longer than ${LIMITS.keyBytes} characters`);
    return found;
  }
}

/** A number of the formats, `+Inf` and `NaN` included; NaN for what is none. */
export function numberOf(word: string): number {
  const plain = word.toLowerCase().replace(/^\+/, "");
  if (/^-?inf/.test(plain)) return plain.startsWith("-") ? -Infinity : Infinity;
  return NUMBER.test(word) ? Number(word) : NaN;
}

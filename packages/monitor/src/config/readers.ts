/** One setting that could not be used: its variable and what was wrong, for one warning and one count. */
export interface ConfigProblem {
  readonly variable: string;
  readonly message: string;
}

/** Environment as `process.env` has it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads single variables by hand: a bad value is noted as a problem and counts as unset, an empty one is unset.
 * Values are never repeated in a message, as a header variable may hold a key.
 */
export class EnvironmentReader {
  readonly #env: Environment;
  readonly problems: ConfigProblem[] = [];

  constructor(env: Environment) {
    this.#env = env;
  }

  text(variable: string): string | undefined {
    const value = this.#env[variable]?.trim();
    return value === "" ? undefined : value;
  }

  problem(variable: string, message: string): undefined {
    this.problems.push({ variable, message });
  }

  boolean(variable: string): boolean | undefined {
    const value = this.text(variable)?.toLowerCase();
    if (value === undefined) return undefined;
    if (["true", "1", "yes", "on"].includes(value)) return true;
    if (["false", "0", "no", "off"].includes(value)) return false;
    return this.problem(variable, "must be one of true, 1, yes, on, false, 0, no, off");
  }

  /** A finite decimal number within `min` (exclusive if `above`) and `max`. */
  number(variable: string, range: NumberRange): number | undefined {
    const text = this.text(variable);
    if (text === undefined) return undefined;
    const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
    return inRange(value, range) ? value : this.problem(variable, `must be ${describe(range)}`);
  }

  oneOf<const T extends string>(variable: string, values: readonly T[]): T | undefined {
    const text = this.text(variable)?.toLowerCase();
    if (text === undefined) return undefined;
    return (
      values.find((value) => value.toLowerCase() === text) ??
      this.problem(variable, `must be one of ${values.join(", ")}`)
    );
  }

  /** `key=value` pairs, comma separated, values percent-encoded (W3C baggage form); a bad pair is skipped and noted. */
  pairs(variable: string): Readonly<Record<string, string>> {
    const pairs: Record<string, string> = {};
    for (const part of this.text(variable)?.split(",") ?? []) {
      if (part.trim() === "") continue;
      const pair = decodePair(part);
      if (pair === undefined) this.problem(variable, "holds a pair that is not key=value; it was skipped");
      else pairs[pair[0]] = pair[1];
    }
    return pairs;
  }
}

export interface NumberRange {
  readonly min: number;
  readonly max?: number;
  readonly above?: boolean;
  readonly integer?: boolean;
}

function inRange(
  value: number,
  { min, max = Number.MAX_SAFE_INTEGER, above = false, integer = false }: NumberRange,
): boolean {
  if (!Number.isFinite(value) || (integer && !Number.isInteger(value))) return false;
  return (above ? value > min : value >= min) && value <= max;
}

function describe({ min, max, above, integer }: NumberRange): string {
  const what = integer ? "a whole number" : "a number";
  const low = above ? `above ${min}` : `of at least ${min}`;
  return max === undefined ? `${what} ${low}` : `${what} ${low}, up to ${max}`;
}

function decodePair(part: string): readonly [string, string] | undefined {
  const at = part.indexOf("=");
  if (at <= 0) return undefined;
  try {
    const key = decodeURIComponent(part.slice(0, at).trim());
    return key === "" ? undefined : [key, decodeURIComponent(part.slice(at + 1).trim())];
  } catch {
    // A stray percent sign: the pair is not in the form, so it is skipped like any other.
    return undefined;
  }
}

import type { Output } from "./output.ts";

/** One option of a command, as `node:util` parseArgs reads it and `--help` prints it. */
export interface CommandOption {
  /** Without dashes, kebab-case. */
  readonly name: string;
  readonly type: "string" | "boolean";
  /** How the value is shown in the help, e.g. `N`. */
  readonly valueName?: string;
  /** Shown in the help; the command applies it. */
  readonly defaultText?: string;
  readonly summary: string;
}

/** Values of the given options, by option name. */
export type OptionValues = Readonly<Record<string, string | boolean | undefined>>;

/** Everything a command may use of its process. */
interface CommandContext {
  readonly values: OptionValues;
  /** The environment, read once by main. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly output: Output;
}

/** One command of `nexent-monitor`. */
export interface Command {
  readonly name: string;
  /** One sentence. */
  readonly summary: string;
  readonly options: readonly CommandOption[];
  /** @returns the exit code. @throws {MonitorError} faults with a hint. @throws {UsageError} wrong options. */
  run(context: CommandContext): Promise<number>;
}

/** A mistake on the command line: exit code 64, message without a stack trace. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "UsageError";
  }
}

/** Bounds of a numeric option. */
export interface NumberRule {
  readonly defaultValue: number;
  readonly min: number;
  readonly max: number;
  /** Default false. */
  readonly integer?: boolean;
}

/** Reads a numeric option. @throws {UsageError} when it is no number or out of bounds. */
export function numberOption(values: OptionValues, name: string, rule: NumberRule): number {
  const text = values[name];
  if (text === undefined) return rule.defaultValue;
  const value = typeof text === "string" && text.trim() !== "" ? Number(text) : Number.NaN;
  const wrong = !Number.isFinite(value) || value < rule.min || value > rule.max;
  if (wrong || (rule.integer === true && !Number.isInteger(value))) {
    const kind = rule.integer === true ? "a whole number" : "a number";
    throw new UsageError(`--${name} must be ${kind} from ${rule.min} to ${rule.max}, not "${String(text)}"`);
  }
  return value;
}

/** Reads an option with a closed list of values. @throws {UsageError} for any other value. */
export function choiceOption<T extends string>(
  values: OptionValues,
  name: string,
  choices: readonly T[],
  defaultValue: T,
): T {
  const text = values[name];
  if (text === undefined) return defaultValue;
  const found = choices.find((choice) => choice === text);
  if (found === undefined)
    throw new UsageError(`--${name} must be one of ${choices.join(", ")}, not "${String(text)}"`);
  return found;
}

/** Reads a text option; `undefined` when not given. */
export function textOption(values: OptionValues, name: string): string | undefined {
  const text = values[name];
  return typeof text === "string" ? text : undefined;
}

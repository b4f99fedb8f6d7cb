import { parseArgs } from "node:util";
import { ERROR_CODES, MonitorError, type ErrorDefinition } from "@nexent/monitor-core";
import { UsageError, type Command, type OptionValues } from "./command.ts";
import { commandHelp, generalHelp, HELP_OPTION } from "./help.ts";
import { nearestName } from "./nearest.ts";
import type { Output } from "./output.ts";

const EXIT_USAGE = 64;
const EXIT_SOFTWARE = 70;

/** One run of the program. */
export interface CliRun {
  /** Arguments after the program name. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly output: Output;
  readonly commands: readonly Command[];
  readonly version: string;
}

/** Finds the command, reads its options, runs it, and tells faults as message and hint. @returns the exit code. */
export async function runCli(run: CliRun): Promise<number> {
  try {
    return await dispatch(run);
  } catch (error) {
    return report(error, run.output);
  }
}

async function dispatch(run: CliRun): Promise<number> {
  const [name] = run.argv;
  if (name === "--version" || name === "-v") {
    run.output.line(run.version);
    return 0;
  }
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    const asked = findCommand(run.commands, run.argv.slice(1))?.command;
    run.output.line(asked === undefined ? generalHelp(run.commands) : commandHelp(asked));
    return name === undefined ? EXIT_USAGE : 0;
  }
  const found = findCommand(run.commands, run.argv);
  if (found === undefined) {
    const known = run.commands.map((command) => command.name);
    const isGroup = known.some((candidate) => candidate.startsWith(`${name} `));
    // `data` alone, or with a word that is not one of its verbs.
    const word = isGroup ? run.argv.slice(0, 2).join(" ") : name;
    throw unknownWord(`unknown command "${word}"`, word, known);
  }
  const { command, rest } = found;
  const values = readOptions(command, rest);
  if (values["help"] === true) {
    run.output.line(commandHelp(command));
    return 0;
  }
  return command.run({ values, env: run.env, output: run.output });
}

/** A command has one word, or two: `data purge`. */
function findCommand(
  commands: readonly Command[],
  argv: readonly string[],
): { readonly command: Command; readonly rest: readonly string[] } | undefined {
  for (const words of [2, 1]) {
    const command = commands.find((candidate) => candidate.name === argv.slice(0, words).join(" "));
    if (command !== undefined) return { command, rest: argv.slice(words) };
  }
  return undefined;
}

function readOptions(command: Command, argv: readonly string[]): OptionValues {
  const known = [...command.options, HELP_OPTION];
  const options = Object.fromEntries(known.map((option) => [option.name, { type: option.type }]));
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, tokens: true });
  const values: Record<string, string | boolean> = {};
  for (const token of tokens) {
    if (token.kind === "positional") throw new UsageError(`unexpected argument "${token.value}"${seeHelp(command)}`);
    if (token.kind !== "option") continue;
    const option = known.find(
      (candidate) => candidate.name === token.name || (token.rawName === "-h" && candidate === HELP_OPTION),
    );
    if (option === undefined) {
      throw unknownWord(
        `unknown option "${token.rawName}"`,
        token.name,
        known.map((candidate) => candidate.name),
        "--",
      );
    }
    if (option.type === "boolean" && token.value !== undefined) throw new UsageError(`--${option.name} takes no value`);
    // `--port --json` is a forgotten value, not a port called "--json".
    const forgotten = token.value === undefined || (!token.inlineValue && token.value.startsWith("-"));
    if (option.type === "string" && forgotten) throw new UsageError(`--${option.name} needs a value`);
    values[option.name] = option.type === "boolean" ? true : (token.value ?? "");
  }
  return values;
}

function unknownWord(message: string, word: string, known: readonly string[], prefix = ""): UsageError {
  const nearest = nearestName(word, known);
  const suggestion =
    nearest === undefined ? "nexent-monitor --help lists what there is" : `did you mean "${prefix}${nearest}"?`;
  return new UsageError(`${message}; ${suggestion}`);
}

function seeHelp(command: Command): string {
  return `; see nexent-monitor ${command.name} --help`;
}

function report(error: unknown, output: Output): number {
  if (error instanceof UsageError) {
    output.error(`nexent-monitor: ${error.message}`);
    return EXIT_USAGE;
  }
  if (error instanceof MonitorError) {
    output.error(`nexent-monitor: ${error.message}`);
    if (error.hint !== undefined) output.error(error.hint);
    const definition: ErrorDefinition = ERROR_CODES[error.code];
    return definition.exitCode ?? 1;
  }
  // Not a user's mistake: the stack is what a bug report needs.
  output.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return EXIT_SOFTWARE;
}

import type { Command, CommandOption } from "./command.ts";

/** The general help: all commands with their summaries. */
export function generalHelp(commands: readonly Command[]): string {
  const width = Math.max(...commands.map((command) => command.name.length));
  return [
    "Usage: nexent-monitor <command> [options]",
    "",
    "Commands:",
    ...commands.map((command) => `  ${command.name.padEnd(width)}  ${command.summary}`),
    "",
    "nexent-monitor <command> --help shows the options of a command; --version prints the version.",
  ].join("\n");
}

/** The help of one command: its summary and options. */
export function commandHelp(command: Command): string {
  const options = [...command.options, HELP_OPTION];
  const flags = options.map(flagText);
  const width = Math.max(...flags.map((flag) => flag.length));
  return [
    `Usage: nexent-monitor ${command.name} [options]`,
    "",
    `  ${command.summary}`,
    "",
    "Options:",
    ...options.map((option, index) => `  ${(flags[index] ?? "").padEnd(width)}  ${summaryText(option)}`),
  ].join("\n");
}

/** Every command understands it. */
export const HELP_OPTION: CommandOption = { name: "help", type: "boolean", summary: "show this help" };

function flagText(option: CommandOption): string {
  return `--${option.name}${option.type === "string" ? ` ${option.valueName ?? "VALUE"}` : ""}`;
}

function summaryText(option: CommandOption): string {
  return option.defaultText === undefined ? option.summary : `${option.summary}; default ${option.defaultText}`;
}

import { createInterface } from "node:readline/promises";
import type { Command, CommandOption, OptionValues } from "../command.ts";
import { textOption, UsageError } from "../command.ts";
import { readCliConfig } from "../config.ts";
import type { Output } from "../output.ts";
import { openServerSession, type ServerSession } from "./server-session.ts";

/** Of every command that signs in to the server. */
const USER_OPTION: CommandOption = {
  name: "user",
  type: "string",
  valueName: "NAME",
  defaultText: "admin",
  summary: "who signs in; the password is LLM_MONITOR_PASSWORD",
};
/** Does without the question. */
export const YES_OPTION: CommandOption = { name: "yes", type: "boolean", summary: "do it without asking" };

/** What a verb of `data` works with. */
export interface DataContext {
  readonly values: OptionValues;
  readonly output: Output;
  readonly session: ServerSession;
}

/** A verb of `data` or `token`: it works through the API of the running server, signed in. */
export function dataCommand(definition: Omit<Command, "run">, run: (context: DataContext) => Promise<number>): Command {
  return {
    ...definition,
    options: [...definition.options, USER_OPTION],
    async run({ values, env, output }) {
      const user = textOption(values, "user") ?? "admin";
      const session = await openServerSession({ config: readCliConfig(env), user });
      try {
        return await run({ values, output, session });
      } finally {
        await session.end().catch(() => undefined); // it ends by itself
      }
    },
  };
}

/** Asks before something is erased. @throws {UsageError} when nobody can be asked and `--yes` is not given. */
export async function confirm(question: string, { values, output }: Pick<DataContext, "values" | "output">) {
  if (values["yes"] === true) return true;
  if (!output.interactive || !process.stdin.isTTY) throw new UsageError("nobody is here to ask; add --yes to do it");
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim());
  } finally {
    terminal.close();
  }
}

/** `1.2 MiB` */
export function bytesText(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let [value, unit] = [bytes, 0];
  while (value >= 1024 && unit < units.length - 1) [value, unit] = [value / 1024, unit + 1];
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit] ?? ""}`;
}

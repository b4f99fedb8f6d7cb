import { statSync } from "node:fs";
import { resolve } from "node:path";
import { choiceOption, textOption, UsageError, type CommandOption, type OptionValues } from "../command.ts";
import { CLIENT_NAMES } from "../verify/clients/clients.ts";
import { findClient, type FoundClient, type LeftOutClient } from "../verify/clients/find-client.ts";

/** The options of `verify` about client libraries. */
export const CLIENT_OPTIONS: readonly CommandOption[] = [
  {
    name: "clients-from",
    type: "string",
    valueName: "FOLDER",
    defaultText: "no client libraries",
    summary: "verify the client libraries installed in this folder, too, each wrapped by the SDK",
  },
  {
    name: "client",
    type: "string",
    valueName: "NAME",
    defaultText: "all of them",
    summary: "verify this client library only",
  },
  {
    name: "node",
    type: "string",
    valueName: "PROGRAM",
    summary: "another Node for the client libraries that do not run on this one",
  },
];

/** The client libraries to verify, and those that are left out. */
export interface ChosenClients {
  readonly found: readonly FoundClient[];
  readonly leftOut: readonly LeftOutClient[];
}

/** Looks for the client libraries that the options name. @throws {UsageError} when there is no such folder or library. */
export function clientsOf(values: OptionValues): ChosenClients {
  const given = textOption(values, "clients-from");
  if (given === undefined) return { found: [], leftOut: [] };
  const folder = resolve(given);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new UsageError(`--clients-from must be a folder, not "${given}"`);
  const node = textOption(values, "node");
  const choice = choiceOption(values, "client", ["all", ...CLIENT_NAMES], "all");
  const names = choice === "all" ? CLIENT_NAMES : [choice];
  const searches = names.map((name) => findClient(name, { folder, ...(node === undefined ? {} : { node }) }));
  return {
    found: searches.flatMap(({ found }) => found ?? []),
    leftOut: searches.flatMap(({ leftOut }) => leftOut ?? []),
  };
}

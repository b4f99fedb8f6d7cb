import { dataCommand, YES_OPTION } from "../data/data-command.ts";
import { erase } from "../data/erase.ts";

/** `nexent-monitor data clear`: erases every stored span and metric sample; users and settings stay. */
export const clearCommand = dataCommand(
  {
    name: "data clear",
    summary: "erase all stored spans and metric samples; users and settings stay",
    options: [{ name: "dry-run", type: "boolean", summary: "only show the count" }, YES_OPTION],
  },
  (context) => erase(context, { all: true }),
);

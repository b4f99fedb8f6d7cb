import type { PurgeSelectorInput } from "@nexent/monitor-api";
import { textOption, UsageError, type OptionValues } from "../command.ts";
import { dataCommand, YES_OPTION } from "../data/data-command.ts";
import { erase } from "../data/erase.ts";

/** `nexent-monitor data purge`: erases spans for good, after a count and a question. Exit code 1 when refused. */
export const purgeCommand = dataCommand(
  {
    name: "data purge",
    summary: "erase stored spans for good: shows the count, asks, then rewrites every file without them",
    options: [
      { name: "service", type: "string", valueName: "NAME", summary: "spans of this service" },
      { name: "model", type: "string", valueName: "NAME", summary: "calls of this model" },
      { name: "trace", type: "string", valueName: "ID", summary: "spans of this trace" },
      {
        name: "from",
        type: "string",
        valueName: "TIME",
        summary: "spans that start at or after, e.g. 2026-11-24T10:00Z",
      },
      {
        name: "to",
        type: "string",
        valueName: "TIME",
        summary: "spans that start before; without other conditions, metric samples of that time, too",
      },
      { name: "all", type: "boolean", summary: "everything, metric samples included" },
      { name: "dry-run", type: "boolean", summary: "only show the count" },
      YES_OPTION,
    ],
  },
  (context) => erase(context, selectorOf(context.values)),
);

function selectorOf(values: OptionValues): PurgeSelectorInput {
  const [service, model, traceId] = ["service", "model", "trace"].map((name) => textOption(values, name));
  const [from, to] = [timeOption(values, "from"), timeOption(values, "to")];
  const hasCondition = [service, model, traceId, from, to].some((condition) => condition !== undefined);
  if (hasCondition === (values["all"] === true))
    throw new UsageError("say what to erase: --service, --model, --trace, --from, --to, or --all alone");
  return {
    ...(values["all"] === true ? { all: true as const } : {}),
    ...(service === undefined ? {} : { service }),
    ...(model === undefined ? {} : { model }),
    ...(traceId === undefined ? {} : { traceId: traceId.toLowerCase() }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  };
}

function timeOption(values: OptionValues, name: string): number | undefined {
  const given = textOption(values, name);
  if (given === undefined) return undefined;
  const millis = Date.parse(given);
  if (Number.isNaN(millis)) throw new UsageError(`--${name} must be a time like 2026-11-24T10:00Z, not "${given}"`);
  return millis;
}

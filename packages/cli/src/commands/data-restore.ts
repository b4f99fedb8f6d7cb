import { resolve } from "node:path";
import { nodeIoPort, restoreBackup } from "@nexent/monitor-store";
import { textOption, UsageError, type Command } from "../command.ts";
import { readCliConfig } from "../config.ts";
import { bytesText } from "../data/data-command.ts";

/** `nexent-monitor data restore`: makes a data folder of a backup; no server may use it yet. */
export const restoreCommand: Command = {
  name: "data restore",
  summary: "make a data folder of a backup; start the server on it afterwards",
  options: [
    { name: "from", type: "string", valueName: "DIR", summary: "the backup" },
    {
      name: "to",
      type: "string",
      valueName: "DIR",
      defaultText: "LLM_MONITOR_DATA_DIR",
      summary: "a folder that does not exist or is empty",
    },
  ],
  async run({ values, env, output }) {
    const from = textOption(values, "from");
    if (from === undefined) throw new UsageError("--from names the backup");
    const to = resolve(textOption(values, "to") ?? readCliConfig(env).dataDir);
    const report = await restoreBackup(resolve(from), to, nodeIoPort);
    output.line(`${report.files} files, ${bytesText(report.bytes)}, restored to ${to}`);
    return 0;
  },
};

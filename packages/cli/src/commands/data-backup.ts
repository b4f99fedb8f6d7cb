import { resolve } from "node:path";
import { backupReportSchema } from "@nexent/monitor-api";
import { textOption, UsageError } from "../command.ts";
import { bytesText, dataCommand } from "../data/data-command.ts";

/** `nexent-monitor data backup`: copies everything that is stored while the server goes on. */
export const backupCommand = dataCommand(
  {
    name: "data backup",
    summary: "copy everything that is stored into a new folder while the server goes on",
    options: [{ name: "to", type: "string", valueName: "DIR", summary: "a folder that does not exist or is empty" }],
  },
  async ({ values, output, session }) => {
    const to = textOption(values, "to");
    if (to === undefined) throw new UsageError("--to says where the backup goes");
    const report = await session.post("/api/data/backup", { directory: resolve(to) }, backupReportSchema);
    output.line(`${report.files} files, ${bytesText(report.bytes)}, in ${report.directory}`);
    return 0;
  },
);

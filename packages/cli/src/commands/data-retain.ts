import { retentionReportSchema } from "@nexent/monitor-api";
import { bytesText, confirm, dataCommand, YES_OPTION } from "../data/data-command.ts";

/** `nexent-monitor data retain`: removes what is beyond the configured age and size now. Exit code 1 when it did not. */
export const retainCommand = dataCommand(
  {
    name: "data retain",
    summary: "remove now what is beyond LLM_MONITOR_RETENTION_DAYS and LLM_MONITOR_RETENTION_GIB of the server",
    options: [YES_OPTION],
  },
  async (context) => {
    const { output, session } = context;
    if (!(await confirm("Remove the days that are too old or too much?", context))) return 1;
    const report = await session.post("/api/data/retain", {}, retentionReportSchema);
    if (report.held !== undefined) {
      output.line("Nothing was removed: the clock jumped. Check it, then run this again to confirm.");
      return 1;
    }
    output.line(`${report.spans} spans on ${report.days.length} days removed, ${bytesText(report.freedBytes)} freed.`);
    return 0;
  },
);

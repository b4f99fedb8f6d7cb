import { verifyReportSchema } from "@nexent/monitor-api";
import { bytesText, dataCommand } from "../data/data-command.ts";

/** `nexent-monitor data verify`: reads everything that is stored, one line a file. Exit code 1 when some is damaged. */
export const verifyDataCommand = dataCommand(
  {
    name: "data verify",
    summary: "read everything that is stored and compare checksums; damaged files are set aside and rebuilt",
    options: [],
  },
  async ({ output, session }) => {
    const { days } = await session.post("/api/data/verify", {}, verifyReportSchema);
    for (const { day, sealed, spans, bytes, problem } of days) {
      const columns = [
        day,
        sealed ? "sealed" : "open  ",
        `${String(spans).padStart(10)} spans`,
        bytesText(bytes).padStart(10),
      ];
      output.line(`${columns.join("  ")}  ${problem ?? "ok"}`);
    }
    if (days.length === 0) output.line("Nothing is stored.");
    return days.some(({ problem }) => problem !== undefined) ? 1 : 0;
  },
);

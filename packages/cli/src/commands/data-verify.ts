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
    const { days, metricDays } = await session.post("/api/data/verify", {}, verifyReportSchema);
    const lines = [
      ...days.map((day) => ({ ...day, state: day.sealed ? "sealed" : "open", count: day.spans, what: "spans" })),
      ...metricDays.map((day) => ({ ...day, state: "metric", count: day.samples, what: "samples" })),
    ];
    for (const { day, state, count, what, bytes, problem } of lines) {
      const amount = `${String(count).padStart(10)} ${what.padEnd(7)}`;
      output.line([day, state.padEnd(6), amount, bytesText(bytes).padStart(10), problem ?? "ok"].join("  "));
    }
    if (lines.length === 0) output.line("Nothing is stored.");
    return lines.some(({ problem }) => problem !== undefined) ? 1 : 0;
  },
);

import { join } from "node:path";
import { dayName, dayOfFile, fileName } from "../duckdb/index-files.ts";
import type { MetricDayReport } from "../metric-contract.ts";
import { replayMetrics } from "./metric-replay.ts";
import type { MetricParts } from "./metric-start.ts";

/** Reads every day file. One that is damaged is set aside, and built again from what the journal still holds. */
export async function verifyMetrics({
  io,
  folder,
  feeder,
  index,
  lastIndexed,
}: MetricParts): Promise<readonly MetricDayReport[]> {
  await feeder.flush();
  const reports: MetricDayReport[] = [];
  for (const [file, { samples }] of [...index().summaries].sort(([a], [b]) => a - b)) {
    const bytes = await io.sizeOf(join(folder.index, fileName(file))).catch(() => 0);
    const isWhole = await feeder.between(() => index().verify(file));
    reports.push({
      day: dayName(dayOfFile(file)),
      samples,
      bytes,
      ...(isWhole ? {} : { problem: "damaged; set aside, and rebuilt as far as the journal holds its samples" }),
    });
  }
  if (reports.some(({ problem }) => problem !== undefined)) {
    await feeder.between(() => replayMetrics(index(), { io, directory: folder.journal, upTo: lastIndexed() }));
  }
  return reports;
}

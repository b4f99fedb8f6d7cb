import { join } from "node:path";
import type { DayReport } from "./contract.ts";
import { dayName, dayOfFile, fileName, isSealed } from "./duckdb/index-files.ts";
import type { EmbeddedParts } from "./embedded-start.ts";
import { sha256Of } from "./file-hash.ts";
import type { IoPort } from "./io-port.ts";

/** Reads every file of the index; sealed ones must be what they were when they were sealed. Damaged ones are rebuilt. */
export async function verifyIndex(
  { keeper, manifest, between }: EmbeddedParts,
  io: IoPort,
  directory: string,
): Promise<readonly DayReport[]> {
  const reports: DayReport[] = [];
  for (const [file, { spans }] of [...keeper.index.summaries].sort(([a], [b]) => a - b)) {
    const path = join(directory, fileName(file));
    const bytes = await io.sizeOf(path).catch(() => 0);
    const expected = isSealed(file) ? manifest.sealed(dayOfFile(file))?.sha256 : undefined;
    const isWhole = await between(() => keeper.index.verify(file, () => compare(path, expected)));
    reports.push({
      day: dayName(dayOfFile(file)),
      sealed: isSealed(file),
      spans,
      bytes,
      ...(isWhole ? {} : { problem: "damaged; set aside, and rebuilt as far as the journal holds its rows" }),
    });
  }
  if (reports.some(({ problem }) => problem !== undefined)) keeper.rebuild();
  return reports;
}

async function compare(path: string, expected: string | undefined): Promise<void> {
  if (expected !== undefined && (await sha256Of(path)) !== expected) throw new Error("its checksum is another one");
}

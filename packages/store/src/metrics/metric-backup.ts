import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { checkSpace, copySynced, type CopiedFile } from "../copy-files.ts";
import { fileName } from "../duckdb/index-files.ts";
import { segmentName } from "../journal/segment-files.ts";
import type { MetricParts } from "./metric-start.ts";
import type { MetricUpkeep } from "./metric-upkeep.ts";

/** Folder of the samples inside a data folder. */
const METRICS = "metrics";

/**
 * Copies everything that is stored into the `metrics/` of a backup. The journal first: what it does not hold is in the
 * day files by then. Each day file is copied with its log taken over, while no write to it is under way; the journal
 * goes on taking samples. The caller keeps upkeep from removing anything meanwhile.
 * @throws {STORE_FULL}
 */
export async function backUpMetrics(
  { io, journal, feeder, index }: MetricParts,
  { catalogue }: Pick<MetricUpkeep, "catalogue">,
  dataDir: string,
  to: string,
): Promise<readonly CopiedFile[]> {
  await journal.rotate();
  const segments = await catalogue.closed(journal.closedThrough);
  const closed = segments.map(({ segment }) => join("journal", segmentName(segment)));
  const days = [...index().summaries.keys()].map((file) => join("index", fileName(file)));
  // A store without a sample yet has folders, too.
  for (const name of ["journal", "index"]) await mkdir(join(to, METRICS, name), { recursive: true });
  let bytes = 0;
  for (const path of [...closed, ...days]) bytes += await io.sizeOf(join(dataDir, METRICS, path));
  await checkSpace(io, to, bytes);
  const copy = (path: string): Promise<CopiedFile> => copySynced(io, dataDir, to, join(METRICS, path));
  const files = [];
  for (const path of closed) files.push(await copy(path));
  for (const path of days) {
    const copied = await feeder.between(async () => {
      await index().checkpoint(0);
      return await copy(path);
    });
    files.push(copied);
  }
  files.push(await copy("FORMAT"));
  for (const name of ["journal", "index", "."]) await io.syncDirectory(join(to, METRICS, name));
  return files;
}

import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { decodeColumnBatch, encodeColumnBatch, MonitorError } from "@nexent/monitor-core";
import type { PurgePreview, PurgeReport, PurgeSelector } from "./contract.ts";
import type { DataFolder } from "./data-folder.ts";
import { dayName, dayOfFile, fileName, isSealed } from "./duckdb/index-files.ts";
import type { EmbeddedParts } from "./embedded-start.ts";
import type { IoPort } from "./io-port.ts";
import { rewriteSegments } from "./journal/rewrite-segments.ts";
import { readPlan, removePlan, writePlan, type PurgePlan } from "./purge-plan.ts";
import { checkSelector, rowSelector, selects } from "./purge-selector.ts";
import { describeBatch } from "./recovery.ts";

/** How long a preview may be acted upon. */
const PREVIEW_MS = 10 * 60_000;

/** Where failpoints of a purge stand, besides those of the index. */
type PurgeFailpoint = "purge-planned" | "purge-journal-rewritten" | "purge-before-done";

/** Options of the purge. */
export interface PurgeOptions {
  readonly parts: EmbeddedParts;
  readonly io: IoPort;
  readonly dataDir: string;
  readonly folder: DataFolder;
  /** A clock that never jumps, ms. */
  readonly monotonicMs: () => number;
  readonly failpoint?: ((name: PurgeFailpoint) => void) | undefined;
}

/** Erases spans: previewed first, then by the id of the preview. The caller keeps other upkeep from running meanwhile. */
export interface Purge {
  /** @throws {QUERY_INVALID} */
  preview(selector: PurgeSelector): Promise<PurgePreview>;
  /** @throws {NOT_FOUND} when the preview is unknown, used or older than 10 min. */
  run(planId: string): Promise<PurgeReport>;
  /** Goes on with a purge that failed half-way; other upkeep would move the rows it is about. */
  finishPending(): Promise<void>;
}

interface Previewed extends PurgePreview {
  readonly selector: PurgeSelector;
  readonly madeAtMs: number;
}

/** The purge of a store. */
export function createPurge(options: PurgeOptions): Purge {
  const { parts, io, dataDir, folder } = options;
  const { feeder, keeper, tail, journal, counters } = parts;
  const previews = new Map<string, Previewed>();

  function forgetOld(): void {
    for (const [id, { madeAtMs }] of previews) if (options.monotonicMs() - madeAtMs > PREVIEW_MS) previews.delete(id);
  }

  /** Rows that a rebuild has yet to bring back would be missed. */
  function checkComplete(): void {
    if (!keeper.degraded) return;
    throw new MonitorError("STORE_UNAVAILABLE", "the index is being rebuilt", { hint: "Try again when it is done." });
  }

  async function bytesOf(files: readonly number[]): Promise<number> {
    let bytes = 0;
    for (const file of files) bytes += await io.sizeOf(join(folder.index, fileName(file)));
    for (const { bytes: size } of await parts.catalogue.closed(journal.closedThrough)) bytes += size;
    return bytes;
  }

  /** Fixes what is to go: everything that is in the index now, and the segments it came from. */
  async function begin(selector: PurgeSelector): Promise<{ readonly plan: PurgePlan; readonly openSpans: number }> {
    return await parts.between(async () => {
      checkComplete();
      const through = parts.lastIndexed();
      await journal.rotate();
      const rows = new Map([...keeper.index.summaries].map(([file, { spans }]) => [file, spans]));
      const plan = { id: randomUUID(), selector, through, lastSegment: journal.closedThrough, rows };
      await writePlan(io, dataDir, plan);
      return { plan, openSpans: tail.removeOpenWhere((stored) => selects(selector, stored)) };
    });
  }

  async function carryOut(plan: PurgePlan): Promise<number> {
    await purgeJournal({ ...options, plan, between: parts.between });
    for (const { segment } of await parts.catalogue.closed(plan.lastSegment)) parts.catalogue.forget(segment);
    options.failpoint?.("purge-journal-rewritten");
    const spans = await purgeIndex({ ...options, plan });
    await finish(options);
    return spans;
  }

  return {
    async preview(selector) {
      checkSelector(selector);
      checkComplete();
      forgetOld();
      await feeder.flush();
      const { spans, traces, files } = await keeper.ask((index) => index.countSelected(selector));
      const open = tail.openIdentities().filter((stored) => selects(selector, stored));
      const days = [...new Set(files.map(dayOfFile))].sort((a, b) => a - b).map(dayName);
      const preview: PurgePreview = {
        planId: randomUUID(),
        spans: spans + open.length,
        traces,
        days,
        bytesToRewrite: await bytesOf(files),
        quarantinedFiles: (await io.list(folder.quarantine)).length,
      };
      previews.set(preview.planId, { ...preview, selector, madeAtMs: options.monotonicMs() });
      return preview;
    },

    async run(planId) {
      forgetOld();
      const previewed = previews.get(planId);
      if (previewed === undefined) {
        throw new MonitorError("NOT_FOUND", "this purge was not previewed in the last 10 minutes, or is done", {
          hint: "Preview it again.",
        });
      }
      previews.delete(planId);
      await feeder.flush();
      const { plan, openSpans } = await begin(previewed.selector);
      options.failpoint?.("purge-planned");
      const spans = (await carryOut(plan)) + openSpans;
      counters.purged += spans;
      return { planId, previewedSpans: previewed.spans, spans };
    },

    async finishPending() {
      const plan = await readPlan(io, dataDir);
      if (plan !== undefined) counters.purged += await carryOut(plan);
    },
  };
}

/** Goes on with a purge that a kill interrupted: the journal, before it is read back. */
export async function resumePurgeOfJournal(
  io: IoPort,
  dataDir: string,
  directory: string,
): Promise<PurgePlan | undefined> {
  const plan = await readPlan(io, dataDir);
  if (plan !== undefined) await purgeJournal({ io, folder: { journal: directory }, plan, between: (work) => work() });
  return plan;
}

/** Goes on with a purge that a kill interrupted: the index, once it is open. */
export async function resumePurgeOfIndex(
  options: Omit<PurgeOptions, "monotonicMs"> & { readonly plan: PurgePlan },
): Promise<void> {
  await purgeIndex(options);
  await finish(options);
}

interface JournalPurge {
  readonly io: IoPort;
  readonly folder: Pick<DataFolder, "journal">;
  readonly plan: PurgePlan;
  readonly between: <T>(work: () => Promise<T>) => Promise<T>;
}

async function purgeJournal({ io, folder, plan, between }: JournalPurge): Promise<void> {
  await rewriteSegments({
    io,
    directory: folder.journal,
    through: plan.lastSegment,
    change: (position, payload) => (position > plan.through ? undefined : withoutSelected(payload, plan.selector)),
    describe: describeBatch,
    exclusively: between,
  });
}

/** A batch without the rows of a selector; `undefined` when it has none. One that cannot be read keeps no row. */
function withoutSelected(payload: Uint8Array, selector: PurgeSelector): Uint8Array | undefined {
  if (describeBatch(payload) === undefined) return encodeColumnBatch([], 0);
  const batch = decodeColumnBatch(payload);
  const isSelected = rowSelector(selector, batch);
  const rows = Array.from({ length: batch.rowCount }, (_, row) => row);
  const kept = rows.filter((row) => !isSelected(row));
  if (kept.length === rows.length) return undefined;
  return encodeColumnBatch(
    kept.map((row) => batch.row(row)),
    batch.writtenUnixMillis,
  );
}

async function purgeIndex({ parts, plan }: Pick<PurgeOptions, "parts"> & { plan: PurgePlan }): Promise<number> {
  const { keeper, manifest } = parts;
  let removed = 0;
  for (const [file, rows] of plan.rows) {
    // Copying takes long and writes go on meanwhile; what they add is added to the copy.
    const copy = await keeper.index.copyForPurge(file, plan.selector, rows);
    if (copy === undefined) continue;
    removed += await parts.between(async () => {
      // A sealed file becomes another one; what it is then is noted when days are put in order the next time.
      if (isSealed(file)) await manifest.unseal(dayOfFile(file));
      return await keeper.index.replaceByPurged(file, copy);
    });
  }
  return removed;
}

/** What could not be read may hold anything, so it goes too. */
async function finish({ io, folder, dataDir, parts, failpoint }: Omit<PurgeOptions, "monotonicMs">): Promise<void> {
  for (const name of await io.list(folder.quarantine)) await io.remove(join(folder.quarantine, name));
  await io.syncDirectory(folder.quarantine);
  parts.counters.quarantinedFiles = 0;
  failpoint?.("purge-before-done");
  await removePlan(io, dataDir);
}

import { join } from "node:path";
import type { IoPort } from "../io-port.ts";
import type { JournalDamage, JournalFindings } from "./read-journal.ts";
import { listSegments, segmentName, segmentPath } from "./segment-files.ts";

/** Folders of a repair. */
export interface RepairOptions {
  readonly io: IoPort;
  readonly directory: string;
  readonly quarantine: string;
}

/**
 * Sets aside what a pass over the journal could not serve: damaged bytes are copied to quarantine and cut off, copies
 * of segments are moved there whole. Returns the number of files put into quarantine. A repair that is interrupted is
 * simply done again.
 */
export async function repairJournal(options: RepairOptions, findings: JournalFindings): Promise<number> {
  const { io, directory, quarantine } = options;
  for (const segment of findings.duplicates) await moveAside(options, segment, "duplicate");
  for (const damage of firstOfEachSegment(findings.damage)) await setAside(options, damage);
  for (const segment of await listSegments(io, directory)) {
    // Prepared ahead and never used.
    const path = segmentPath(directory, segment);
    if ((await io.sizeOf(path)) === 0) await io.remove(path);
  }
  const moved = findings.duplicates.length + firstOfEachSegment(findings.damage).length;
  if (moved > 0) {
    await io.syncDirectory(quarantine);
    await io.syncDirectory(directory);
  }
  return moved;
}

async function setAside(options: RepairOptions, damage: JournalDamage): Promise<void> {
  const { io, directory, quarantine } = options;
  if (damage.offset === 0) return await moveAside(options, damage.segment, "at-0");
  const path = segmentPath(directory, damage.segment);
  const bytes = await io.readRange(path, damage.offset, (await io.sizeOf(path)) - damage.offset);
  await io.writeFile(join(quarantine, `${segmentName(damage.segment)}.at-${damage.offset}`), bytes);
  await io.truncate(path, damage.offset);
}

async function moveAside({ io, directory, quarantine }: RepairOptions, segment: number, mark: string): Promise<void> {
  await io.rename(segmentPath(directory, segment), join(quarantine, `${segmentName(segment)}.${mark}`));
}

/** Everything behind the first damage of a segment goes with it. */
function firstOfEachSegment(damage: readonly JournalDamage[]): readonly JournalDamage[] {
  const first = new Map<number, JournalDamage>();
  for (const one of damage) {
    const known = first.get(one.segment);
    if (known === undefined || one.offset < known.offset) first.set(one.segment, one);
  }
  return [...first.values()];
}

import { join } from "node:path";
import type { PurgeSelector } from "./contract.ts";
import type { IoPort } from "./io-port.ts";
import { readIfThere, replaceFile } from "./replace-file.ts";

/** A purge that has begun; it stays on disk until the last byte is gone, so that a kill does not end it. */
export interface PurgePlan {
  readonly id: string;
  readonly selector: PurgeSelector;
  /** Spans of later batches stay. */
  readonly through: bigint;
  /** Those batches lie in segments up to this one. */
  readonly lastSegment: number;
  /** Rows of each file of the index that those batches made. */
  readonly rows: ReadonlyMap<number, number>;
}

interface WrittenPlan extends Omit<PurgePlan, "through" | "rows" | "selector"> {
  readonly through: string;
  readonly rows: readonly (readonly [number, number])[];
  readonly selector: Omit<PurgeSelector, "range"> & { readonly from?: string; readonly to?: string };
}

/** Durable when it resolves. */
export async function writePlan(io: IoPort, dataDir: string, plan: PurgePlan): Promise<void> {
  const { range, ...conditions } = plan.selector;
  const bounds = range === undefined ? {} : { from: String(range.fromUnixNanos), to: String(range.toUnixNanos) };
  const written: WrittenPlan = {
    ...plan,
    selector: { ...conditions, ...bounds },
    through: String(plan.through),
    rows: [...plan.rows],
  };
  await replaceFile(io, planPath(dataDir), Buffer.from(JSON.stringify(written)));
}

/** The purge that a kill interrupted. */
export async function readPlan(io: IoPort, dataDir: string): Promise<PurgePlan | undefined> {
  const bytes = await readIfThere(io, planPath(dataDir));
  if (bytes === undefined) return undefined;
  const { selector, through, rows, ...rest } = JSON.parse(Buffer.from(bytes).toString("utf8")) as WrittenPlan;
  const { from, to, ...conditions } = selector;
  const range =
    from === undefined || to === undefined ? {} : { range: { fromUnixNanos: BigInt(from), toUnixNanos: BigInt(to) } };
  return { ...rest, selector: { ...conditions, ...range }, through: BigInt(through), rows: new Map(rows) };
}

/** The purge is done; nothing of it is on disk afterwards. */
export async function removePlan(io: IoPort, dataDir: string): Promise<void> {
  await io.remove(`${planPath(dataDir)}.tmp`);
  await io.remove(planPath(dataDir));
  await io.syncDirectory(dataDir);
}

function planPath(dataDir: string): string {
  return join(dataDir, "purge.json");
}

import { join } from "node:path";
import type { IoPort } from "../io-port.ts";
import { readIfThere, replaceFile } from "../replace-file.ts";
import type { Span } from "./rewrite-metrics.ts";

/** A purge that has begun; it stays on disk until the last byte is gone, so that a kill does not end it. */
export interface MetricPurgePlan extends Span {
  /** Samples of later batches stay. */
  readonly through: bigint;
}

/** Durable when it resolves. */
export async function writeMetricPlan(io: IoPort, folder: string, plan: MetricPurgePlan): Promise<void> {
  const text = JSON.stringify({ ...plan, through: String(plan.through) });
  await replaceFile(io, pathIn(folder), Buffer.from(text));
}

/** The purge that a kill interrupted. */
export async function readMetricPlan(io: IoPort, folder: string): Promise<MetricPurgePlan | undefined> {
  const bytes = await readIfThere(io, pathIn(folder));
  if (bytes === undefined) return undefined;
  const plan = JSON.parse(Buffer.from(bytes).toString("utf8")) as Span & { readonly through: string };
  return { fromMs: plan.fromMs, toMs: plan.toMs, through: BigInt(plan.through) };
}

/** The purge is done. */
export async function removeMetricPlan(io: IoPort, folder: string): Promise<void> {
  await io.remove(pathIn(folder));
  await io.syncDirectory(folder);
}

function pathIn(folder: string): string {
  return join(folder, "purge.json");
}

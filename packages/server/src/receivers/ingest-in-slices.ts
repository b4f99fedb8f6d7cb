import { setImmediate } from "node:timers/promises";
import { LIMITS } from "@nexent/monitor-core";
import { SPANS_PER_STEP } from "../codecs/steps.ts";
import { spanCount, type TelemetryBatch, type TelemetryScope } from "../codecs/telemetry-batch.ts";
import type { Ingest, IngestAnswer } from "../ingest/ingest.ts";

/**
 * Hands a batch to ingest in slices of {@link SPANS_PER_STEP} spans, a turn of the event loop between them, and answers
 * for all of them. When a slice was not kept the sender is told to come back with everything: what was kept already is
 * recognised then.
 */
export async function ingestInSlices(ingest: Ingest, batch: TelemetryBatch): Promise<IngestAnswer> {
  const total = spanCount(batch);
  // Beyond the limit ingest refuses; it has to see all of them for that.
  if (total <= SPANS_PER_STEP || total > LIMITS.spansPerRequest) return await ingest.traces(batch);
  const answers: Promise<IngestAnswer>[] = [];
  for (const slice of slicesOf(batch)) {
    if (answers.length > 0) await setImmediate();
    const answer = ingest.traces(slice);
    // It is looked at below, once every slice is on its way.
    answer.catch(() => undefined);
    answers.push(answer);
  }
  return joined(await Promise.all(answers));
}

function* slicesOf({ resources, droppedItems = 0 }: TelemetryBatch): Generator<TelemetryBatch> {
  let dropped = droppedItems;
  for (const { attributes, scopes } of resources) {
    for (const scope of scopes.flatMap(partsOf)) {
      yield { resources: [{ attributes, scopes: [scope] }], droppedItems: dropped };
      dropped = 0;
    }
  }
}

function partsOf({ name, spans }: TelemetryScope): TelemetryScope[] {
  const count = Math.ceil(spans.length / SPANS_PER_STEP);
  return Array.from({ length: count }, (_, at) => ({
    name,
    spans: spans.slice(at * SPANS_PER_STEP, (at + 1) * SPANS_PER_STEP),
  }));
}

function joined(answers: readonly IngestAnswer[]): IngestAnswer {
  const failed =
    answers.find(({ status }) => status === "unavailable") ?? answers.find(({ status }) => status === "overloaded");
  if (failed !== undefined) return failed;
  let [accepted, rejected] = [0, 0];
  const reasons = new Set<string>();
  for (const answer of answers) {
    if (answer.status === "accepted") accepted += answer.items;
    if (answer.status !== "partial") continue;
    accepted += answer.accepted;
    rejected += answer.rejected;
    reasons.add(answer.reason);
  }
  if (rejected === 0) return { status: "accepted", items: accepted };
  return { status: "partial", accepted, rejected, reason: reasonOf([...reasons]) };
}

/** What was wrong in the first slices says enough. */
function reasonOf(reasons: readonly string[]): string {
  const [first = "", ...others] = reasons;
  return others.length === 0 ? first : `${first}; and likewise in other parts of the request`;
}

import { SPANS_PER_STEP } from "../codecs/steps.ts";
import type { TelemetryBatch, TelemetryScope } from "../codecs/telemetry-batch.ts";

/** Cuts a batch into slices of at most {@link SPANS_PER_STEP} spans; one that is not larger stays as it is. */
export function slicesOf(batch: TelemetryBatch, spanCount: number): Iterable<TelemetryBatch> {
  return spanCount <= SPANS_PER_STEP ? [batch] : cut(batch);
}

function* cut({ resources, droppedItems = 0 }: TelemetryBatch): Generator<TelemetryBatch> {
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

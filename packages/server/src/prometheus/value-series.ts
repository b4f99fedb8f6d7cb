import { setImmediate } from "node:timers/promises";
import { LIMITS } from "@nexent/monitor-core";
import type { MetricSeries } from "@nexent/monitor-store";
import { secondsOf, valueText } from "./number-text.ts";
import type { PickedSample } from "./picked-samples.ts";
import { QueryFault } from "./query-fault.ts";
import { compareLabels, labelsOf, type Labels, type Selection } from "./selection.ts";
import { valuesOf } from "./series-names.ts";

/** Seconds and value, as Prometheus' API writes a sample. */
export type Point = readonly [seconds: number, value: string];

/** A series of an answer. */
export interface ValueSeries {
  readonly metric: Labels;
  readonly values: Point[];
}

/** Values between two looks at whether the asker is still there. */
const VALUES_PER_TURN = 20_000;

/** Gathers the values of an answer, series by series; other work has its turn in between. */
export interface ValueGathering {
  /** @throws {QueryFault} when the answer gets too large; the signal's reason when it is over. */
  add(series: MetricSeries, picked: readonly PickedSample[]): Promise<void>;
  /** Everything gathered, in the order of labels. */
  series(): readonly ValueSeries[];
}

/** An empty gathering for one selection. */
export function gatherValues(selection: Selection, signal: AbortSignal): ValueGathering {
  const all: ValueSeries[] = [];
  let count = 0;
  let turnEndsAt = VALUES_PER_TURN;

  function addValues(series: MetricSeries, { atMs, sample }: PickedSample, byName: Map<string, ValueSeries>): void {
    for (const { value, bound, ...name } of valuesOf(series, sample)) {
      if (!selection.accepts(series, name, bound)) continue;
      if (++count > LIMITS.queryAnswerValues) throw tooLarge();
      const key = `${name.name}\0${bound ?? ""}`;
      let own = byName.get(key);
      if (own === undefined) byName.set(key, (own = { metric: labelsOf(series, name, bound), values: [] }));
      own.values.push([secondsOf(atMs), valueText(value)]);
    }
  }

  return {
    async add(series, picked) {
      const byName = new Map<string, ValueSeries>();
      for (const one of picked) {
        addValues(series, one, byName);
        if (count < turnEndsAt) continue;
        turnEndsAt = count + VALUES_PER_TURN;
        await setImmediate();
        signal.throwIfAborted();
      }
      all.push(...byName.values());
    },
    series: () => all.toSorted((a, b) => compareLabels(a.metric, b.metric)),
  };
}

function tooLarge(): QueryFault {
  return new QueryFault(
    "execution",
    `the answer has more than ${LIMITS.queryAnswerValues} values; narrow the selector or the time range, or widen the step`,
  );
}

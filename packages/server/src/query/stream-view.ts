import type { StreamView } from "@nexent/monitor-api";
import { DEFAULT_PAUSE_RULE, type LlmFields, type Pause, type TapeEntry } from "@nexent/monitor-core";
import { optional } from "./optional.ts";
import { firstTokenMicros, lastTokenMicros, microsOf } from "./split.ts";
import { gapsOf, quantileOfSorted, type StreamTape } from "./stream-tape.ts";

/** The coarser stall rule of the measurement contract 1.3: a gap of 2 s and 10 times the median of the gaps before it. */
const LONG_MIN_MICROS = 2_000_000;
const LONG_FACTOR = 10;
const MEDIAN_NEEDS_GAPS = 8;

type TokenAxis = Pick<StreamView, "axis" | "k">;

/** The tape in columns, for the timeline. */
export function streamViewOf(llm: LlmFields, durationMicros: number, tape: StreamTape): StreamView {
  const { entries, merged, report } = tape;
  return {
    dtUs: entries.map((entry, index) => entry.atMicros - (entries[index - 1]?.atMicros ?? 0)),
    ...tokenAxisOf(llm, entries),
    kinds: kindRuns(entries),
    firstsUs: firstsOf(llm, tape),
    lastUs: lastTokenMicros(llm, tape) ?? 0,
    endUs: durationMicros,
    merged,
    stalls: report.pauses.map((pause) => stallOf(pause, entries)),
    rule: {
      minUs: DEFAULT_PAUSE_RULE.minMicros,
      factor: DEFAULT_PAUSE_RULE.factor,
      ...(report.medianMicros === undefined ? {} : { medianUs: report.medianMicros }),
      thresholdUs: report.thresholdMicros,
    },
  };
}

/**
 * `exact` when the tape has a provider's count for each chunk; `estimated` when only the total is known (spread evenly
 * over the chunks, as the tape holds no sizes) or the counts are our own; else the axis counts chunks.
 */
function tokenAxisOf(llm: LlmFields, entries: readonly TapeEntry[]): TokenAxis {
  const counts = entries.map((entry) => entry.tokens);
  if (counts.every((count) => count !== undefined)) {
    return { axis: llm.estimated === true ? "estimated" : "exact", k: counts };
  }
  const total = llm.outputTokens;
  if (total === undefined || total <= 0) return { axis: "chunks" };
  return { axis: "estimated", k: entries.map(() => total / entries.length) };
}

function kindRuns(entries: readonly TapeEntry[]): StreamView["kinds"] {
  const runs: StreamView["kinds"] = [];
  for (const { kind } of entries) {
    const last = runs.at(-1);
    if (last?.[0] === kind) last[1]++;
    else runs.push([kind, 1]);
  }
  return runs;
}

function firstsOf(llm: LlmFields, tape: StreamTape): StreamView["firstsUs"] {
  return {
    ...optional("byte", markMicros(llm.firstByteSeconds)),
    ...optional("chunk", markMicros(llm.firstChunkSeconds)),
    ...optional("token", firstTokenMicros(llm, tape)),
    ...optional("answer", markMicros(llm.firstAnswerTokenSeconds)),
    ...optional("tool", markMicros(llm.firstToolCallSeconds)),
  };
}

function markMicros(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : microsOf(seconds);
}

function stallOf(pause: Pause, entries: readonly TapeEntry[]): StreamView["stalls"][number] {
  return {
    index: pause.index,
    fromUs: pause.fromMicros,
    toUs: pause.toMicros,
    lostUs: pause.lostMicros,
    kind: pause.kind === "pause" ? "stall" : "toolWait",
    long: pause.kind === "pause" && isLong(pause, entries),
  };
}

function isLong(pause: Pause, entries: readonly TapeEntry[]): boolean {
  const gap = pause.toMicros - pause.fromMicros;
  const earlier = gapsOf(entries.slice(0, pause.index)).toSorted();
  const median = earlier.length >= MEDIAN_NEEDS_GAPS ? (quantileOfSorted(earlier, 0.5) ?? 0) : 0;
  return gap >= Math.max(LONG_MIN_MICROS, LONG_FACTOR * median);
}

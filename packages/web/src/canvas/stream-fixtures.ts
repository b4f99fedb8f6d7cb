import type { StreamView } from "@nexent/monitor-api";
import { createFormat } from "../format/format.ts";
import { THEMES } from "../theme/tokens.ts";
import { createStreamModel, type StreamModel, type StreamWindow } from "./stream-model.ts";
import type { StreamScene, StreamWords } from "./stream-style.ts";

type Kind = StreamView["kinds"][number][0];

/** A chunk of a made-up stream: when, of what kind, how many tokens. */
export interface FixtureChunk {
  readonly atUs: number;
  readonly kind?: Kind;
  readonly tokens?: number;
}

const WORDS: StreamWords = {
  ttft: "TTFT",
  firstAnswer: "first answer",
  firstTool: "first tool",
  wait: "wait",
  reasoning: "reasoning",
  tool: "tool call",
  answer: "answer",
  tail: "tail",
  speedUnit: "tok/s",
  countAxis: "count of gaps (log)",
  timeAxis: "share of stream time",
};

const PAUSE_US = 250_000;

/** A stream for tests; gaps of 250 ms and more are pauses, after a tool chunk a tool wait. */
export function fixtureModel(
  chunks: readonly FixtureChunk[],
  options: { readonly axis?: StreamView["axis"]; readonly tailUs?: number } = {},
): StreamModel {
  const kinds: [Kind, number][] = [];
  for (const { kind = "text" } of chunks) {
    const last = kinds.at(-1);
    if (last?.[0] === kind) last[1] += 1;
    else kinds.push([kind, 1]);
  }
  const firstOf = (kind: Kind) => chunks.find((chunk) => (chunk.kind ?? "text") === kind)?.atUs;
  const stalls = chunks.flatMap((chunk, index): StreamView["stalls"] => {
    const before = chunks[index - 1];
    if (before === undefined || chunk.atUs - before.atUs < PAUSE_US) return [];
    const toolWait = before.kind === "tool" && chunk.kind !== "tool";
    const lostUs = chunk.atUs - before.atUs;
    return [
      { index, fromUs: before.atUs, toUs: chunk.atUs, lostUs, kind: toolWait ? "toolWait" : "stall", long: false },
    ];
  });
  const lastUs = chunks.at(-1)?.atUs ?? 0;
  const answer = firstOf("text");
  const tool = firstOf("tool");
  return createStreamModel({
    dtUs: chunks.map((chunk, index) => chunk.atUs - (chunks[index - 1]?.atUs ?? 0)),
    ...(options.axis === "chunks" ? {} : { k: chunks.map((chunk) => chunk.tokens ?? 1) }),
    kinds,
    firstsUs: { ...(answer === undefined ? {} : { answer }), ...(tool === undefined ? {} : { tool }) },
    lastUs,
    endUs: lastUs + (options.tailUs ?? 0),
    axis: options.axis ?? "exact",
    merged: false,
    stalls,
    rule: { minUs: PAUSE_US, factor: 8, thresholdUs: PAUSE_US },
  });
}

/** A scene over a whole model, or a part of it. */
export function fixtureScene(model: StreamModel, window?: StreamWindow, cursorUs?: number): StreamScene {
  return {
    model,
    window: window ?? { fromUs: 0, toUs: model.endUs },
    accent: THEMES.light.models[0],
    words: WORDS,
    format: createFormat("en"),
    cursorUs,
  };
}

/** Reasoning, a tool call with its wait, an answer with stalls of several lengths. */
export function busyStream(): readonly FixtureChunk[] {
  const chunks: FixtureChunk[] = [];
  let atUs = 1_240_000;
  const run = (count: number, kind: Kind) => {
    for (let index = 0; index < count; index += 1) {
      chunks.push({ atUs, kind, tokens: 1 + (index % 4) });
      atUs += 30_000 + (index % 5) * 2_000;
    }
  };
  run(200, "reasoning");
  atUs += 2_630_000;
  run(150, "reasoning");
  run(20, "tool");
  atUs += 3_120_000;
  for (const stallUs of [928_000, 1_810_000, 666_000, 300_000, 290_000, 280_000]) {
    run(160, "text");
    atUs += stallUs;
  }
  run(40, "text");
  return chunks;
}

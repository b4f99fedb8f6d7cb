import type { StreamView } from "@nexent/monitor-api";

export type StreamKind = "answer" | "reasoning" | "tool";
export type PhaseKind = StreamKind | "wait" | "tail";
export type Pause = StreamView["stalls"][number];

/** A stretch of one kind, microseconds since the request. */
export interface Phase {
  readonly kind: PhaseKind;
  readonly fromUs: number;
  readonly toUs: number;
}

/** A stream in columns, ready for drawing. Arrays have one entry per counted chunk. */
export interface StreamModel {
  readonly count: number;
  readonly atUs: Float64Array;
  /** Tokens per chunk; 1 each when the axis counts chunks. */
  readonly tokens: Float64Array;
  /** Tokens delivered up to and with this chunk. */
  readonly delivered: Float64Array;
  /** Index into KINDS. */
  readonly kind: Uint8Array;
  readonly phases: readonly Phase[];
  readonly pauses: readonly Pause[];
  readonly firstUs: number;
  readonly lastUs: number;
  readonly endUs: number;
  readonly firstAnswerUs: number | undefined;
  readonly firstToolUs: number | undefined;
  readonly axis: StreamView["axis"];
  readonly merged: boolean;
  readonly rule: StreamView["rule"];
}

/** Kinds by their number in `StreamModel.kind`; text, refusal and audio are the answer. */
export const KINDS: readonly [StreamKind, StreamKind, StreamKind] = ["answer", "reasoning", "tool"];

/** The kind of chunk `index`. */
export function kindAt(model: StreamModel, index: number): StreamKind {
  return KINDS[model.kind[index] ?? 0] ?? "answer";
}

/** Turns the API's deltas and runs into absolute columns and phases. */
export function createStreamModel(stream: StreamView): StreamModel {
  const count = stream.dtUs.length;
  const atUs = new Float64Array(count);
  const tokens = new Float64Array(count);
  const delivered = new Float64Array(count);
  let time = 0;
  let sum = 0;
  for (let index = 0; index < count; index += 1) {
    time += stream.dtUs[index] ?? 0;
    const size = stream.k?.[index] ?? 1;
    sum += size;
    atUs[index] = time;
    tokens[index] = size;
    delivered[index] = sum;
  }
  const kind = kindsOf(stream, count);
  const firstUs = atUs[0] ?? stream.endUs;
  const base = { count, atUs, tokens, delivered, kind, pauses: stream.stalls, firstUs };
  return {
    ...base,
    lastUs: stream.lastUs,
    endUs: Math.max(stream.endUs, stream.lastUs, 1),
    firstAnswerUs: stream.firstsUs.answer,
    firstToolUs: stream.firstsUs.tool,
    axis: stream.axis,
    merged: stream.merged,
    rule: stream.rule,
    phases: phasesOf(base, stream),
  };
}

function kindsOf(stream: StreamView, count: number): Uint8Array {
  const kinds = new Uint8Array(count);
  let at = 0;
  for (const [name, length] of stream.kinds) {
    kinds.fill(name === "reasoning" ? 1 : name === "tool" ? 2 : 0, at, at + length);
    at += length;
  }
  return kinds;
}

type Columns = Pick<StreamModel, "count" | "atUs" | "kind" | "pauses" | "firstUs">;

function phasesOf(model: Columns, stream: StreamView): readonly Phase[] {
  const phases: Phase[] = [{ kind: "wait", fromUs: 0, toUs: model.firstUs }];
  let start = 0;
  for (let index = 1; index <= model.count; index += 1) {
    if (index < model.count && model.kind[index] === model.kind[start]) continue;
    const kind = KINDS[model.kind[start] ?? 0] ?? "answer";
    phases.push({ kind, fromUs: model.atUs[start] ?? 0, toUs: phaseEnd(model, index, stream.lastUs) });
    start = index;
  }
  if (stream.endUs > stream.lastUs && model.count > 0) {
    phases.push({ kind: "tail", fromUs: stream.lastUs, toUs: stream.endUs });
  }
  return phases;
}

/** A phase lasts until the next one begins, unless a pause lies between: the pause belongs to neither. */
function phaseEnd(model: Columns, next: number, lastUs: number): number {
  if (next >= model.count) return lastUs;
  const lastOwnUs = model.atUs[next - 1] ?? lastUs;
  const nextUs = model.atUs[next] ?? lastUs;
  const paused = model.pauses.some((pause) => pause.fromUs < nextUs && pause.toUs > lastOwnUs);
  return paused ? lastOwnUs : nextUs;
}

/** Number of chunks that arrived at or before a moment; also the index of the next chunk. */
export function chunksUntil(model: StreamModel, us: number): number {
  let low = 0;
  let high = model.count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((model.atUs[middle] ?? 0) <= us) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Tokens (or chunks) delivered at a moment. */
export function deliveredAt(model: StreamModel, us: number): number {
  const until = chunksUntil(model, us);
  return until === 0 ? 0 : (model.delivered[until - 1] ?? 0);
}

/** The window of time in view, microseconds since the request. */
export interface StreamWindow {
  readonly fromUs: number;
  readonly toUs: number;
}

/** A window inside of the stream, never so narrow that nothing can be in it. */
export function clampWindow(model: StreamModel, window: StreamWindow): StreamWindow {
  const narrowest = Math.max(1_000, Math.min(100_000, model.endUs / 20));
  const width = Math.min(model.endUs, Math.max(narrowest, window.toUs - window.fromUs));
  const fromUs = Math.min(Math.max(0, window.fromUs), model.endUs - width);
  return { fromUs, toUs: fromUs + width };
}

import type { TapeEntry } from "@nexent/monitor-core";

/** The point from which a stream ran at another pace. */
export interface PaceChange {
  /** Index of the first token after the change. */
  readonly token: number;
  readonly beforeTokensPerSecond: number;
  readonly afterTokensPerSecond: number;
}

/** Shorter streams have too few tokens on both sides of a change. */
const MIN_TOKENS = 200;
/** A smaller change of the pace is not worth a sentence. */
const MIN_RATIO = 1.3;
/** Places looked at; each side holds at least a tenth of the stream. */
const CANDIDATES = 64;
const EDGE_SHARE = 0.1;

/**
 * The split of the stream into two constant paces that fits best by squared error, if they differ by 30 % or more. Only
 * for tapes with a token count for every chunk.
 */
export function paceChangeOf(entries: readonly TapeEntry[]): PaceChange | undefined {
  const points = progressOf(entries);
  const end = points.at(-1);
  const start = points[0];
  if (start === undefined || end === undefined || end.tokens < MIN_TOKENS) return undefined;
  const edge = Math.ceil(points.length * EDGE_SHARE);
  const step = Math.max(1, Math.floor((points.length - 2 * edge) / CANDIDATES));
  let best: { at: number; error: number } | undefined;
  for (let at = edge; at < points.length - edge; at += step) {
    const error = chordError(points, 0, at) + chordError(points, at, points.length - 1);
    if (best === undefined || error < best.error) best = { at, error };
  }
  const turn = best === undefined ? undefined : points[best.at];
  if (turn === undefined) return undefined;
  const before = (turn.tokens - start.tokens) / (turn.seconds - start.seconds);
  const after = (end.tokens - turn.tokens) / (end.seconds - turn.seconds);
  const ratio = Math.max(before / after, after / before);
  if (!Number.isFinite(ratio) || ratio < MIN_RATIO) return undefined;
  return { token: turn.tokens, beforeTokensPerSecond: before, afterTokensPerSecond: after };
}

interface Progress {
  readonly seconds: number;
  readonly tokens: number;
}

function progressOf(entries: readonly TapeEntry[]): readonly Progress[] {
  let tokens = 0;
  const points: Progress[] = [];
  for (const entry of entries) {
    if (entry.tokens === undefined) return [];
    tokens += entry.tokens;
    points.push({ seconds: entry.atMicros / 1e6, tokens });
  }
  return points;
}

/** Squared distance in time of the points from the straight line between two of them. */
function chordError(points: readonly Progress[], from: number, to: number): number {
  const a = points[from];
  const b = points[to];
  if (a === undefined || b === undefined || b.tokens === a.tokens) return 0;
  const slope = (b.seconds - a.seconds) / (b.tokens - a.tokens);
  let sum = 0;
  for (let at = from; at <= to; at++) {
    const point = points[at];
    if (point !== undefined) sum += (point.seconds - a.seconds - slope * (point.tokens - a.tokens)) ** 2;
  }
  return sum;
}

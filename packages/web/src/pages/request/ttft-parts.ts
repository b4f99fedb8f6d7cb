import type { RequestDetail } from "@nexent/monitor-api";

/** A part of TTFT. */
export interface TtftPart {
  readonly id: "queue" | "prefill" | "firstByte" | "firstChunk" | "unexplained";
  readonly look: string;
  readonly seconds: number;
}

function serverSeconds(detail: RequestDetail, key: string): number | undefined {
  const text = detail.attributes.find((attribute) => attribute.key === key)?.value;
  const value = text === undefined ? Number.NaN : Number(text);
  return Number.isFinite(value) && value >= 0 ? value : undefined;
}

/** What TTFT was made of: the engine's own report where there is one, else the marks on the way. The rest is unexplained. */
export function ttftParts(detail: RequestDetail): readonly TtftPart[] {
  const { ttftSeconds, firstByteSeconds, firstChunkSeconds } = detail.marks;
  if (ttftSeconds === undefined) return [];
  const queue = serverSeconds(detail, "llm.server.queue_seconds");
  const prefill = serverSeconds(detail, "llm.server.prefill_seconds");
  const engine = part("queue", "queue", queue).concat(part("prefill", "prefill", prefill));
  const chunk =
    firstByteSeconds === undefined || firstChunkSeconds === undefined
      ? undefined
      : firstChunkSeconds - firstByteSeconds;
  const marks = part("firstByte", "known", firstByteSeconds).concat(part("firstChunk", "known2", chunk));
  const known = engine.length > 0 ? engine : marks;
  const rest = ttftSeconds - known.reduce((sum, { seconds }) => sum + seconds, 0);
  // Parts that exceed the whole were measured by other clocks; then nothing is claimed.
  if (known.length === 0 || rest < -1e-6) return [];
  return [...known, { id: "unexplained", look: "unexplained", seconds: Math.max(0, rest) }];
}

function part(id: TtftPart["id"], look: string, seconds: number | undefined): TtftPart[] {
  return seconds === undefined ? [] : [{ id, look, seconds }];
}

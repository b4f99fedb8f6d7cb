import type { Tokens } from "../theme/tokens.ts";
import type { Box, Pen } from "./pen.ts";

/** Points of a sparkline; null is a gap and stays one. */
export type SparklinePoints = readonly (number | null)[];

/** Draws a line with a soft area; single points between gaps stay visible as dots. */
export function drawSparkline(pen: Pen, points: SparklinePoints, box: Box, tokens: Tokens): void {
  pen.clearRect(box.x, box.y, box.width, box.height);
  const known = points.filter((point) => point !== null);
  if (known.length === 0 || points.length < 2) return;
  const top = Math.max(...known);
  const scale = top > 0 ? (box.height - 4) / top : 0;
  const x = (index: number) => box.x + 2 + (index / (points.length - 1)) * (box.width - 4);
  const y = (value: number) => box.y + box.height - 1.5 - value * scale;
  for (const run of runsOf(points)) drawRun(pen, points, run, { x, y, foot: box.y + box.height }, tokens);
  const last = points.findLastIndex((point) => point !== null);
  pen.fillStyle = tokens.text;
  pen.beginPath();
  pen.arc(x(last), y(points[last] ?? 0), 2, 0, Math.PI * 2);
  pen.fill();
}

interface Scale {
  readonly x: (index: number) => number;
  readonly y: (value: number) => number;
  readonly foot: number;
}

/** Stretches without a gap, as first index and the one after the last. */
function runsOf(points: SparklinePoints): readonly (readonly [number, number])[] {
  const runs: (readonly [number, number])[] = [];
  let start = -1;
  for (let index = 0; index <= points.length; index += 1) {
    const known = index < points.length && points[index] !== null;
    if (known && start < 0) start = index;
    if (!known && start >= 0) {
      runs.push([start, index]);
      start = -1;
    }
  }
  return runs;
}

function drawRun(
  pen: Pen,
  points: SparklinePoints,
  run: readonly [number, number],
  scale: Scale,
  tokens: Tokens,
): void {
  const [from, to] = run;
  if (to - from === 1) {
    pen.fillStyle = tokens.wait;
    pen.beginPath();
    pen.arc(scale.x(from), scale.y(points[from] ?? 0), 1.25, 0, Math.PI * 2);
    pen.fill();
    return;
  }
  const trace = () => {
    pen.beginPath();
    for (let index = from; index < to; index += 1) {
      if (index === from) pen.moveTo(scale.x(index), scale.y(points[index] ?? 0));
      else pen.lineTo(scale.x(index), scale.y(points[index] ?? 0));
    }
  };
  trace();
  pen.lineTo(scale.x(to - 1), scale.foot);
  pen.lineTo(scale.x(from), scale.foot);
  pen.fillStyle = tokens.band;
  pen.fill();
  trace();
  pen.strokeStyle = tokens.wait;
  pen.lineWidth = 1.25;
  pen.lineJoin = "round";
  pen.setLineDash([]);
  pen.stroke();
}

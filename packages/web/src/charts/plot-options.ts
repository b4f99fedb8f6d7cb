import type uPlot from "uplot";
import { fixed, formatCount } from "../format/number.ts";
import { formatClock, formatDate, formatMinute } from "../format/time.ts";
import { accentColour } from "../theme/model-accent.ts";
import type { Tokens } from "../theme/tokens.ts";
import { lonelyPoints, type SeriesGroup } from "./series-data.ts";

/** Everything a plot's look depends on; data come later by `setData`. */
export interface PlotLook {
  readonly groups: readonly SeriesGroup[];
  readonly tokens: Tokens;
  readonly height: number;
  readonly log: boolean;
  /** Multiplies values for the axis, e.g. 1,000 for milliseconds. */
  readonly axisFactor: number;
  readonly threshold: { readonly value: number; readonly label: string } | undefined;
  readonly syncKey: string;
  readonly font: string;
  readonly range: () => readonly [number, number];
  readonly onCursor: (plot: uPlot) => void;
  readonly onSelect: (fromMs: number, toMs: number) => void;
}

// oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- uPlot declares an enum that does not exist at run time
const LOGARITHMIC: uPlot.Scale.Distr = 3;
const DAY_SECONDS = 86_400;

/** Options for the plot of one chart: no own legend, no title, lines that stop at gaps. */
export function plotOptions(look: PlotLook, width: number): uPlot.Options {
  const { tokens } = look;
  return {
    width,
    height: look.height,
    legend: { show: false },
    padding: [10, 22, 0, 0],
    cursor: {
      sync: { key: look.syncKey, setSeries: false },
      drag: { x: true, y: false, setScale: false },
      points: { size: 7 },
    },
    scales: {
      x: { time: true, range: () => [...look.range()] as [number, number] },
      y: look.log ? { distr: LOGARITHMIC } : { range: (_plot, _min, max) => [0, yTop(max, look.threshold?.value)] },
    },
    axes: [axis(look, tokens, true), axis(look, tokens, false)],
    series: [{}, ...look.groups.flatMap((group) => [line(group, tokens, false), line(group, tokens, true)])],
    hooks: {
      setCursor: [look.onCursor],
      setSelect: [(plot) => select(plot, look.onSelect)],
      draw: [(plot) => drawThreshold(plot, look)],
    },
  };
}

function yTop(max: number | null, threshold: number | undefined): number {
  const highest = Math.max(max ?? 0, threshold ?? 0);
  return highest > 0 ? highest * 1.08 : 1;
}

function axis(look: PlotLook, tokens: Tokens, time: boolean): uPlot.Axis {
  const base: uPlot.Axis = {
    stroke: tokens.muted,
    font: look.font,
    grid: { stroke: tokens.grid, width: 1, show: !time },
    ticks: { stroke: tokens.line, width: 1, size: 4, show: time },
    border: { show: time, stroke: tokens.line, width: 1 },
    gap: 4,
  };
  if (time)
    return {
      ...base,
      size: 26,
      space: 80,
      values: (_plot, splits, _axis, _space, step) => splits.map(timeLabel(step)),
    };
  return {
    ...base,
    size: 48,
    space: 34,
    values: (_plot, splits) => splits.map((split) => (split === null ? "" : axisNumber(split * look.axisFactor))),
  };
}

function timeLabel(stepSeconds: number): (seconds: number) => string {
  return (seconds) => {
    if (stepSeconds >= DAY_SECONDS) return formatDate(seconds * 1e3).slice(5);
    return stepSeconds < 60 ? formatClock(seconds * 1e3) : formatMinute(seconds * 1e3);
  };
}

function axisNumber(value: number): string {
  if (value !== 0 && Math.abs(value) < 10 && !Number.isInteger(value)) return fixed(value, Math.abs(value) < 1 ? 2 : 1);
  return formatCount(value);
}

function line(group: SeriesGroup, tokens: Tokens, tail: boolean): uPlot.Series {
  const colour = accentColour(tokens, group.accent);
  const dash = tail ? [4, 3] : [...group.accent.dash];
  return {
    stroke: colour,
    width: tail ? 1 : 1.5,
    ...(dash.length === 0 ? {} : { dash }),
    spanGaps: false,
    points: {
      show: true,
      size: 4,
      stroke: colour,
      fill: colour,
      filter: (plot, seriesIndex) => lonelyPoints(plot.data[seriesIndex] ?? []),
    },
  };
}

function select(plot: uPlot, onSelect: (fromMs: number, toMs: number) => void): void {
  const { left, width } = plot.select;
  if (width < 4) return;
  const from = plot.posToVal(left, "x") * 1e3;
  const to = plot.posToVal(left + width, "x") * 1e3;
  plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  onSelect(from, to);
}

function drawThreshold(plot: uPlot, look: PlotLook): void {
  const { threshold, tokens } = look;
  if (threshold === undefined) return;
  const { ctx, bbox } = plot;
  const y = Math.round(plot.valToPos(threshold.value, "y", true));
  if (!(y >= bbox.top && y <= bbox.top + bbox.height)) return;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.strokeStyle = tokens.amber;
  ctx.lineWidth = ratio;
  ctx.setLineDash([6 * ratio, 4 * ratio]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.setLineDash([]);
  ctx.font = scaledFont(look.font, ratio);
  ctx.textAlign = "right";
  // Below the line when it runs near the top of the plot, so the label stays inside.
  const above = y - bbox.top > 18 * ratio;
  ctx.textBaseline = above ? "bottom" : "top";
  ctx.lineWidth = 3 * ratio;
  ctx.lineJoin = "round";
  ctx.strokeStyle = tokens.panel;
  const labelY = y + (above ? -2 : 3) * ratio;
  ctx.strokeText(threshold.label, bbox.left + bbox.width - 4 * ratio, labelY);
  ctx.fillStyle = tokens.amber;
  ctx.fillText(threshold.label, bbox.left + bbox.width - 4 * ratio, labelY);
  ctx.restore();
}

function scaledFont(font: string, ratio: number): string {
  return font.replace(/(\d+)px/, (_match, size: string) => `${Number(size) * ratio}px`);
}

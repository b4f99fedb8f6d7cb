import { NBSP } from "../format/number.ts";
import type { Tokens } from "../theme/tokens.ts";
import { BIN_COUNT, binPosition, gapSpectrum, type GapBin } from "./gap-bins.ts";
import { clampInto, createLabelSpace } from "./label-space.ts";
import { drawLine, labelWidth, LINE_HEIGHT, writeLabel, type Box, type Pen } from "./pen.ts";
import type { StreamScene } from "./stream-style.ts";

/** Height of the gap spectrum. */
export const SPECTRUM_HEIGHT = 222;

const AXIS_HEIGHT = 20;
const CAPTION = 16;
const DECADES: readonly (readonly [number, string])[] = [
  [100, "0.1"],
  [1_000, "1"],
  [10_000, "10"],
  [100_000, `100${NBSP}ms`],
  [1_000_000, `1${NBSP}s`],
  [10_000_000, `10${NBSP}s`],
];

interface Halves {
  readonly box: Box;
  readonly upFoot: number;
  readonly downTop: number;
  readonly upHeight: number;
  readonly downHeight: number;
  readonly binWidth: number;
}

/** Draws gaps by length: how many (up, log) and how much of the stream's time they took (down). */
export function drawSpectrum(pen: Pen, scene: StreamScene, box: Box, tokens: Tokens): void {
  pen.clearRect(box.x, box.y, box.width, box.height);
  const half = (box.height - AXIS_HEIGHT - 2 * CAPTION) / 2;
  const halves: Halves = {
    box,
    upFoot: box.y + CAPTION + half,
    downTop: box.y + CAPTION + half + AXIS_HEIGHT,
    upHeight: half,
    downHeight: half,
    binWidth: box.width / BIN_COUNT,
  };
  drawThreshold(pen, scene, halves, tokens);
  drawBars(pen, scene, halves, tokens);
  drawAxis(pen, halves, tokens);
  writeLabel(pen, scene.words.countAxis, box.x, box.y + 7, { colour: tokens.muted, halo: tokens.panel });
  writeLabel(pen, scene.words.timeAxis, box.x, box.y + box.height - 7, { colour: tokens.muted, halo: tokens.panel });
}

interface Parts {
  readonly total: number;
  readonly stall: number;
  readonly tool: number;
}

function drawBars(pen: Pen, scene: StreamScene, halves: Halves, tokens: Tokens): void {
  const { bins, totalUs } = gapSpectrum(scene.model);
  const highest = Math.log1p(Math.max(1, ...bins.map((bin) => bin.count)));
  const longest = Math.max(1e-9, ...bins.map((bin) => bin.us / (totalUs || 1)));
  bins.forEach((bin, index) => {
    if (bin.count === 0) return;
    const x = halves.box.x + index * halves.binWidth + 0.5;
    const up = Math.max(2, (Math.log1p(bin.count) / highest) * halves.upHeight);
    const down = Math.max(2, (bin.us / (totalUs || 1) / longest) * halves.downHeight);
    const upBox = { x, y: halves.upFoot - up, width: halves.binWidth - 1, height: up };
    const downBox = { x, y: halves.downTop, width: halves.binWidth - 1, height: down };
    drawStack(pen, scene, upBox, countParts(bin), tokens);
    pen.globalAlpha = 0.82;
    drawStack(pen, scene, downBox, timeParts(bin), tokens);
    pen.globalAlpha = 1;
  });
}

function countParts(bin: GapBin): Parts {
  return { total: bin.count, stall: bin.stallCount, tool: bin.toolCount };
}

function timeParts(bin: GapBin): Parts {
  return { total: bin.us, stall: bin.stallUs, tool: bin.toolUs };
}

/** One bar, divided by the shares of plain gaps, tool waits and stalls. */
function drawStack(pen: Pen, scene: StreamScene, bar: Box, parts: Parts, tokens: Tokens): void {
  const slices: readonly (readonly [number, string])[] = [
    [parts.total - parts.stall - parts.tool, scene.accent],
    [parts.tool, tokens.tool],
    [parts.stall, tokens.stall],
  ];
  let y = bar.y + bar.height;
  for (const [value, colour] of slices) {
    if (value <= 0) continue;
    const height = (value / parts.total) * bar.height;
    y -= height;
    pen.fillStyle = colour;
    pen.fillRect(bar.x, y, bar.width, height);
  }
}

function drawThreshold(pen: Pen, scene: StreamScene, halves: Halves, tokens: Tokens): void {
  const x = halves.box.x + binPosition(scene.model.rule.thresholdUs) * halves.binWidth;
  pen.strokeStyle = tokens.stall;
  pen.lineWidth = 1;
  pen.setLineDash([2, 2]);
  drawLine(pen, x, halves.box.y + CAPTION, x, halves.upFoot);
  drawLine(pen, x, halves.downTop, x, halves.box.y + halves.box.height - CAPTION);
  pen.setLineDash([]);
  const text = `≥${NBSP}${scene.format.duration(scene.model.rule.thresholdUs / 1e6)}`;
  const width = labelWidth(pen, text);
  const captionEnd = halves.box.x + labelWidth(pen, scene.words.countAxis) + 10;
  const space = createLabelSpace({ ...halves.box, x: captionEnd, width: halves.box.x + halves.box.width - captionEnd });
  const place = space.place([
    { x: x + 3, y: halves.box.y, width, height: LINE_HEIGHT },
    { x: halves.box.x + halves.box.width - width, y: halves.box.y, width, height: LINE_HEIGHT },
  ]);
  if (place !== undefined) writeLabel(pen, text, place.x, place.y + 7, { colour: tokens.red });
}

function drawAxis(pen: Pen, halves: Halves, tokens: Tokens): void {
  pen.strokeStyle = tokens.line;
  pen.lineWidth = 1;
  pen.setLineDash([]);
  drawLine(pen, halves.box.x, halves.upFoot + 0.5, halves.box.x + halves.box.width, halves.upFoot + 0.5);
  drawLine(pen, halves.box.x, halves.downTop - 0.5, halves.box.x + halves.box.width, halves.downTop - 0.5);
  const middle = (halves.upFoot + halves.downTop) / 2;
  const space = createLabelSpace(halves.box);
  for (const [us, text] of DECADES) {
    const width = labelWidth(pen, text);
    const x = halves.box.x + binPosition(us) * halves.binWidth;
    const place = space.place([clampInto({ x: x - width / 2, y: middle - 7, width, height: 14 }, halves.box)]);
    if (place !== undefined) writeLabel(pen, text, place.x, middle + 0.5, { colour: tokens.muted });
  }
}

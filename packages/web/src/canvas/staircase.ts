import type { Tokens } from "../theme/tokens.ts";
import { clampInto, createLabelSpace, type LabelSpace } from "./label-space.ts";
import { drawLine, labelWidth, LINE_HEIGHT, writeLabel, type Box, type Pen } from "./pen.ts";
import { chunksUntil, deliveredAt, KINDS } from "./stream-model.ts";
import { kindColour, tokenText, type StreamScene } from "./stream-style.ts";
import { countTick, countTicks, niceStep, niceTicks, timeTick } from "./ticks.ts";

/** Height of the staircase. */
export const STAIRCASE_HEIGHT = 250;

const RAYS = [25, 50, 100, 200] as const;
const TOP = 10;
const BOTTOM = 22;
const RIGHT = 10;

interface Plot {
  readonly box: Box;
  readonly fromCount: number;
  readonly toCount: number;
  readonly x: (us: number) => number;
  readonly y: (count: number) => number;
}

/** Draws tokens over time: slope is speed, a flat tread a stall, a riser a burst. */
export function drawStaircase(pen: Pen, scene: StreamScene, box: Box, tokens: Tokens): void {
  pen.clearRect(box.x, box.y, box.width, box.height);
  const plot = plotOf(pen, scene, box);
  drawGrid(pen, scene, box, plot, tokens);
  pen.save();
  pen.beginPath();
  pen.rect(plot.box.x, box.y, plot.box.width + RIGHT, plot.box.y + plot.box.height - box.y + 2);
  pen.clip();
  const steps = stepsOf(scene, plot);
  drawArea(pen, scene, plot, steps, tokens);
  if (scene.model.axis !== "chunks") drawRays(pen, scene, plot, tokens);
  drawSteps(pen, scene, steps, tokens);
  drawPauses(pen, scene, plot, tokens);
  pen.restore();
  const space = labelSpace(plot, steps);
  if (scene.model.axis !== "chunks") labelRays(pen, scene, plot, space, tokens);
  drawCursor(pen, scene, plot, tokens);
}

/** The inner rectangle that time and pointer positions map to. */
export function staircasePlotBox(pen: Pen, scene: StreamScene, box: Box): Box {
  return plotOf(pen, scene, box).box;
}

function plotOf(pen: Pen, scene: StreamScene, box: Box): Plot {
  const { model, window } = scene;
  const whole = model.delivered[model.count - 1] ?? 1;
  const fromCount = window.fromUs <= 0 ? 0 : deliveredAt(model, window.fromUs);
  const reached = window.toUs >= model.lastUs ? whole : deliveredAt(model, window.toUs);
  const toCount = Math.max(fromCount + 1, reached);
  const gutter =
    12 + Math.max(...countTicks(fromCount, toCount, 5).map((tick) => labelWidth(pen, countTick(tick))), 16);
  const inner: Box = {
    x: box.x + gutter,
    y: box.y + TOP,
    width: Math.max(1, box.width - gutter - RIGHT),
    height: Math.max(1, box.height - TOP - BOTTOM),
  };
  const usWidth = window.toUs - window.fromUs;
  return {
    box: inner,
    fromCount,
    toCount,
    x: (us) => inner.x + ((us - window.fromUs) / usWidth) * inner.width,
    y: (count) => inner.y + inner.height - ((count - fromCount) / (toCount - fromCount)) * inner.height,
  };
}

function drawGrid(pen: Pen, scene: StreamScene, box: Box, plot: Plot, tokens: Tokens): void {
  pen.strokeStyle = tokens.grid;
  pen.lineWidth = 1;
  pen.setLineDash([]);
  for (const tick of countTicks(plot.fromCount, plot.toCount, 5)) {
    const y = Math.round(plot.y(tick)) + 0.5;
    drawLine(pen, plot.box.x, y, plot.box.x + plot.box.width, y);
    const text = countTick(tick);
    writeLabel(pen, text, plot.box.x - 8 - labelWidth(pen, text), y, { colour: tokens.muted });
  }
  const { fromUs, toUs } = scene.window;
  const most = Math.max(2, Math.floor(plot.box.width / 70));
  const step = niceStep(toUs - fromUs, most);
  const space = createLabelSpace(box);
  for (const tick of niceTicks(fromUs, toUs, most)) {
    const text = timeTick(tick, step);
    const width = labelWidth(pen, text);
    const wanted = { x: plot.x(tick) - width / 2, y: box.y + box.height - 16, width, height: LINE_HEIGHT };
    const place = space.place([clampInto(wanted, box)]);
    if (place !== undefined) writeLabel(pen, text, place.x, place.y + 7, { colour: tokens.muted });
  }
}

/** Corner points of the visible path; `kind` colours the step that ends there. */
interface Steps {
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly kind: readonly number[];
  readonly startY: number;
}

function stepsOf(scene: StreamScene, plot: Plot): Steps {
  const { model, window } = scene;
  const from = window.fromUs <= 0 ? 0 : chunksUntil(model, window.fromUs);
  const to = Math.min(model.count, chunksUntil(model, window.toUs) + 1);
  const x: number[] = [];
  const y: number[] = [];
  const kind: number[] = [];
  for (let index = from; index < to; index += 1) {
    const px = plot.x(model.atUs[index] ?? 0);
    const py = plot.y(model.delivered[index] ?? 0);
    const own = model.kind[index] ?? 0;
    const last = x.length - 1;
    // Chunks within half a pixel fold into one step: the path stays exact to what a screen can show.
    if (last >= 0 && px - (x[last] ?? 0) < 0.5 && kind[last] === own) y[last] = py;
    else {
      x.push(px);
      y.push(py);
      kind.push(own);
    }
  }
  return { x, y, kind, startY: plot.y(from === 0 ? 0 : (model.delivered[from - 1] ?? 0)) };
}

function eachRun(steps: Steps, visit: (kind: number, from: number, to: number) => void): void {
  let start = 0;
  for (let index = 1; index <= steps.x.length; index += 1) {
    if (index < steps.x.length && steps.kind[index] === steps.kind[start]) continue;
    visit(steps.kind[start] ?? 0, start, index);
    start = index;
  }
}

function tracePath(pen: Pen, steps: Steps, from: number, to: number): void {
  const before = from === 0 ? steps.startY : (steps.y[from - 1] ?? 0);
  const startX = from === 0 ? (steps.x[0] ?? 0) : (steps.x[from - 1] ?? 0);
  pen.moveTo(startX, before);
  let level = before;
  for (let index = from; index < to; index += 1) {
    pen.lineTo(steps.x[index] ?? 0, level);
    level = steps.y[index] ?? 0;
    pen.lineTo(steps.x[index] ?? 0, level);
  }
}

function drawArea(pen: Pen, scene: StreamScene, plot: Plot, steps: Steps, tokens: Tokens): void {
  const foot = plot.box.y + plot.box.height;
  pen.globalAlpha = 0.07;
  eachRun(steps, (kind, from, to) => {
    pen.fillStyle = kindColour(KINDS[kind] ?? "answer", scene.accent, tokens);
    pen.beginPath();
    tracePath(pen, steps, from, to);
    pen.lineTo(steps.x[to - 1] ?? 0, foot);
    pen.lineTo(from === 0 ? (steps.x[0] ?? 0) : (steps.x[from - 1] ?? 0), foot);
    pen.closePath();
    pen.fill();
  });
  pen.globalAlpha = 1;
}

function drawSteps(pen: Pen, scene: StreamScene, steps: Steps, tokens: Tokens): void {
  pen.setLineDash([]);
  pen.lineJoin = "round";
  pen.lineCap = "round";
  const strokeAll = (width: number, colourOf: (kind: number) => string) =>
    eachRun(steps, (kind, from, to) => {
      pen.strokeStyle = colourOf(kind);
      pen.lineWidth = width;
      pen.beginPath();
      tracePath(pen, steps, from, to);
      pen.stroke();
    });
  const estimated = scene.model.axis === "estimated";
  strokeAll(estimated ? 3 : 2, (kind) => kindColour(KINDS[kind] ?? "answer", scene.accent, tokens));
  // Estimated counts are drawn hollow.
  if (estimated) strokeAll(1.25, () => tokens.panel);
}

function drawPauses(pen: Pen, scene: StreamScene, plot: Plot, tokens: Tokens): void {
  pen.lineWidth = 3;
  pen.lineCap = "round";
  for (const pause of scene.model.pauses) {
    pen.strokeStyle = pause.kind === "toolWait" ? tokens.tool : tokens.stall;
    const y = plot.y(deliveredAt(scene.model, pause.fromUs));
    drawLine(pen, plot.x(pause.fromUs), y, plot.x(pause.toUs), y);
  }
  pen.lineCap = "butt";
}

/** Where a ray of constant speed from the first token enters and leaves the plot; undefined when it misses it. */
function rayEnds(scene: StreamScene, plot: Plot, rate: number): readonly [number, number, number, number] | undefined {
  const { model, window } = scene;
  const countAt = (us: number) => ((us - model.firstUs) / 1e6) * rate;
  const usAt = (count: number) => model.firstUs + (count / rate) * 1e6;
  const startUs = Math.max(window.fromUs, usAt(plot.fromCount), model.firstUs);
  const endUs = Math.min(window.toUs, usAt(plot.toCount));
  if (endUs <= startUs) return undefined;
  return [plot.x(startUs), plot.y(countAt(startUs)), plot.x(endUs), plot.y(countAt(endUs))];
}

function drawRays(pen: Pen, scene: StreamScene, plot: Plot, tokens: Tokens): void {
  pen.strokeStyle = tokens.wait;
  pen.globalAlpha = 0.55;
  pen.lineWidth = 1;
  pen.setLineDash([3, 3]);
  for (const rate of RAYS) {
    const ends = rayEnds(scene, plot, rate);
    if (ends !== undefined) drawLine(pen, ...ends);
  }
  pen.setLineDash([]);
  pen.globalAlpha = 1;
}

function labelSpace(plot: Plot, steps: Steps): LabelSpace {
  const space = createLabelSpace(plot.box, 2);
  let level = steps.startY;
  for (let index = 0; index < steps.x.length; index += 1) {
    const x = steps.x[index] ?? 0;
    const nextX = steps.x[index + 1] ?? x + 2;
    const y = steps.y[index] ?? 0;
    space.block({ x: x - 1, y: Math.min(level, y) - 2, width: 2, height: Math.abs(level - y) + 4 });
    space.block({ x, y: y - 2, width: nextX - x, height: 4 });
    level = y;
  }
  return space;
}

function labelRays(pen: Pen, scene: StreamScene, plot: Plot, space: LabelSpace, tokens: Tokens): void {
  for (const rate of RAYS) {
    const ends = rayEnds(scene, plot, rate);
    if (ends === undefined) continue;
    const [x0, y0, x1, y1] = ends;
    if (Math.hypot(x1 - x0, y1 - y0) < 60) continue;
    const text = scene.format.exact(rate) + `\u00a0${scene.words.speedUnit}`;
    const width = labelWidth(pen, text);
    const candidates: Box[] = [];
    for (let share = 1; share > 0.45; share -= 0.06) {
      const x = x0 + (x1 - x0) * share;
      const y = y0 + (y1 - y0) * share;
      for (const shift of [-width - 6, 6, -width / 2]) {
        const wanted = { x: x + shift, y: y - (shift === 6 ? 0 : LINE_HEIGHT / 2), width, height: LINE_HEIGHT };
        candidates.push({ ...wanted, y: Math.max(plot.box.y, wanted.y) });
      }
    }
    const place = space.place(candidates);
    if (place !== undefined) {
      writeLabel(pen, text, place.x, place.y + LINE_HEIGHT / 2, { colour: tokens.muted, halo: tokens.panel });
    }
  }
}

function drawCursor(pen: Pen, scene: StreamScene, plot: Plot, tokens: Tokens): void {
  const { cursorUs, model } = scene;
  if (cursorUs === undefined || cursorUs < scene.window.fromUs || cursorUs > scene.window.toUs) return;
  const x = plot.x(cursorUs);
  const count = deliveredAt(model, cursorUs);
  const y = plot.y(count);
  pen.strokeStyle = tokens.link;
  pen.lineWidth = 1;
  drawLine(pen, x, plot.box.y, x, plot.box.y + plot.box.height);
  pen.fillStyle = tokens.link;
  pen.beginPath();
  pen.arc(x, y, 3.5, 0, Math.PI * 2);
  pen.fill();
  const text = `${scene.format.duration(cursorUs / 1e6)} · ${tokenText(scene, count)}`;
  const width = labelWidth(pen, text, true);
  const beside = x + 8 + width > plot.box.x + plot.box.width ? x - 8 - width : x + 8;
  const middle = Math.min(plot.box.y + plot.box.height - 8, Math.max(plot.box.y + 8, y + 14));
  writeLabel(pen, text, Math.max(plot.box.x, beside), middle, {
    colour: tokens.link,
    strong: true,
    halo: tokens.panel,
  });
}

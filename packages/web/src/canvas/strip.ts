import { inkOn } from "../theme/color-math.ts";
import type { Tokens } from "../theme/tokens.ts";
import { clampInto, createLabelSpace } from "./label-space.ts";
import { drawLine, hatch, labelWidth, LINE_HEIGHT, writeLabel, type Box, type Pen } from "./pen.ts";
import { chunksUntil, deliveredAt, KINDS, type Pause, type Phase } from "./stream-model.ts";
import { kindColour, tokenText, type StreamScene } from "./stream-style.ts";
import { drawSpeedRow } from "./strip-speed.ts";
import { niceStep, niceTicks, timeTick } from "./ticks.ts";

/** Height of the whole strip. */
export const STRIP_HEIGHT = 168;

/** Rows of the strip, from the top. */
const ROWS = {
  flagsMiddle: 8,
  railTop: 18,
  railHeight: 16,
  arrivalsTop: 44,
  arrivalsFoot: 106,
  stallFoot: 108,
  speedTop: 114,
  speedHeight: 34,
  axisTop: 152,
  axisMiddle: 161,
} as const;

const LABEL_IN_RAIL_FROM = 70;

/** Draws flags, phases, arrivals, pauses, speed and axis over one time axis. */
export function drawStrip(pen: Pen, scene: StreamScene, box: Box, tokens: Tokens): void {
  pen.clearRect(box.x, box.y, box.width, box.height);
  pen.save();
  pen.beginPath();
  pen.rect(box.x, box.y, box.width, box.height);
  pen.clip();
  drawRail(pen, scene, box, tokens);
  drawArrivals(pen, scene, box, tokens);
  const unlabelled = drawPauses(pen, scene, box, tokens);
  drawMarks(pen, scene, box, tokens);
  drawSpeedRow(pen, scene, { ...box, y: box.y + ROWS.speedTop, height: ROWS.speedHeight }, tokens);
  drawAxis(pen, scene, box, tokens);
  drawFlags(pen, scene, box, tokens, unlabelled);
  pen.restore();
}

/** Pixel of a moment. */
export function timeToX(scene: Pick<StreamScene, "window">, box: Box, us: number): number {
  const { fromUs, toUs } = scene.window;
  return box.x + ((us - fromUs) / (toUs - fromUs)) * box.width;
}

function drawRail(pen: Pen, scene: StreamScene, box: Box, tokens: Tokens): void {
  for (const phase of scene.model.phases) {
    const left = Math.max(box.x, timeToX(scene, box, phase.fromUs));
    const right = Math.min(box.x + box.width, timeToX(scene, box, phase.toUs));
    if (right < box.x || left > box.x + box.width || phase.toUs <= phase.fromUs) continue;
    drawPhase(
      pen,
      scene,
      phase,
      { x: left, y: box.y + ROWS.railTop, width: right - left, height: ROWS.railHeight },
      tokens,
    );
  }
}

function drawPhase(pen: Pen, scene: StreamScene, phase: Phase, bar: Box, tokens: Tokens): void {
  const plain = phase.kind === "wait" || phase.kind === "tail";
  const fill = plain ? tokens.band : kindColour(phase.kind, scene.accent, tokens);
  pen.fillStyle = fill;
  pen.fillRect(bar.x, bar.y, Math.max(1.5, bar.width), bar.height);
  if (phase.kind === "wait" && bar.width > 2) {
    pen.strokeStyle = tokens.wait;
    pen.lineWidth = 1;
    pen.setLineDash([]);
    pen.strokeRect(bar.x + 0.5, bar.y + 0.5, bar.width - 1, bar.height - 1);
  }
  const name = scene.words[phase.kind];
  const long = `${name}  ${scene.format.duration((phase.toUs - phase.fromUs) / 1e6)}`;
  if (bar.width < LABEL_IN_RAIL_FROM) return;
  const text = [long, name].find((candidate) => labelWidth(pen, candidate) <= bar.width - 12);
  if (text === undefined) return;
  writeLabel(pen, text, bar.x + 6, bar.y + bar.height / 2 + 0.5, { colour: plain ? tokens.muted : inkOn(fill) });
}

function drawArrivals(pen: Pen, scene: StreamScene, box: Box, tokens: Tokens): void {
  const { model, window } = scene;
  const from = Math.max(0, chunksUntil(model, window.fromUs - 1));
  const to = chunksUntil(model, window.toUs);
  if (to <= from) return;
  const columns = Math.max(1, Math.ceil(box.width));
  const sums = new Float64Array(columns);
  const kinds = new Uint8Array(columns);
  for (let index = from; index < to; index += 1) {
    const column = Math.min(columns - 1, Math.max(0, Math.floor(timeToX(scene, box, model.atUs[index] ?? 0) - box.x)));
    sums[column] = (sums[column] ?? 0) + (model.tokens[index] ?? 0);
    kinds[column] = model.kind[index] ?? 0;
  }
  let fullest = 0;
  for (const sum of sums) fullest = Math.max(fullest, sum);
  const spread = box.width / (to - from);
  // Far zoomed in, single chunks stand apart: their sizes fit as numbers above them.
  const numbered = spread > 18 && model.axis !== "chunks";
  const room = ROWS.arrivalsFoot - ROWS.arrivalsTop - (numbered ? LINE_HEIGHT : 0);
  const scale = room / Math.sqrt(fullest || 1);
  pen.globalAlpha = model.axis === "estimated" ? 0.55 : 1;
  KINDS.forEach((kind, number) => {
    pen.fillStyle = kindColour(kind, scene.accent, tokens);
    for (let column = 0; column < columns; column += 1) {
      const sum = sums[column] ?? 0;
      if (sum === 0 || kinds[column] !== number) continue;
      const height = Math.max(2, Math.sqrt(sum) * scale);
      pen.fillRect(box.x + column, box.y + ROWS.arrivalsFoot - height, spread > 4 ? 1.5 : 1, height);
    }
  });
  pen.globalAlpha = 1;
  if (numbered) drawChunkSizes(pen, scene, box, tokens, { from, to, scale });
}

interface ChunkRange {
  readonly from: number;
  readonly to: number;
  readonly scale: number;
}

function drawChunkSizes(pen: Pen, scene: StreamScene, box: Box, tokens: Tokens, range: ChunkRange): void {
  const space = createLabelSpace({ ...box, y: box.y + 30, height: 80 });
  for (let index = range.from; index < range.to; index += 1) {
    const size = scene.model.tokens[index] ?? 0;
    const text = tokenText(scene, size);
    const width = labelWidth(pen, text);
    const top = box.y + ROWS.arrivalsFoot - Math.max(2, Math.sqrt(size) * range.scale);
    const x = timeToX(scene, box, scene.model.atUs[index] ?? 0);
    const y = top - LINE_HEIGHT;
    const place = space.place([
      { x: x - width / 2, y, width, height: 12 },
      { x: x + 4, y, width, height: 12 },
    ]);
    if (place !== undefined) writeLabel(pen, text, place.x, place.y + 6, { colour: tokens.muted });
  }
}

/** Draws every pause of the list and gives back those whose length did not fit inside. */
function drawPauses(pen: Pen, scene: StreamScene, box: Box, tokens: Tokens): readonly Pause[] {
  const unlabelled: Pause[] = [];
  for (const pause of scene.model.pauses) {
    const left = Math.max(box.x, timeToX(scene, box, pause.fromUs));
    const right = Math.min(box.x + box.width, timeToX(scene, box, pause.toUs));
    if (right < box.x || left > box.x + box.width) continue;
    const colour = pause.kind === "toolWait" ? tokens.tool : tokens.stall;
    const width = Math.max(1.5, right - left);
    const gap = { x: left, y: box.y + ROWS.arrivalsTop, width, height: ROWS.arrivalsFoot - ROWS.arrivalsTop };
    hatch(pen, gap, colour);
    pen.fillStyle = colour;
    pen.fillRect(left, box.y + ROWS.arrivalsFoot, width, ROWS.stallFoot - ROWS.arrivalsFoot);
    if (!labelInside(pen, scene, pause, gap, tokens)) unlabelled.push(pause);
  }
  return unlabelled;
}

function pauseColour(pause: Pause, tokens: Tokens): string {
  return pause.kind === "toolWait" ? tokens.text : tokens.red;
}

function labelInside(pen: Pen, scene: StreamScene, pause: Pause, gap: Box, tokens: Tokens): boolean {
  const text = scene.format.duration((pause.toUs - pause.fromUs) / 1e6);
  const width = labelWidth(pen, text, true);
  if (gap.width < Math.max(24, width + 2)) return false;
  const x = gap.x + (gap.width - width) / 2;
  const middle = gap.y + 20;
  pen.fillStyle = tokens.panel;
  pen.globalAlpha = 0.85;
  pen.fillRect(Math.max(gap.x, x - 3), middle - 8, Math.min(gap.width, width + 6), 16);
  pen.globalAlpha = 1;
  writeLabel(pen, text, x, middle, { colour: pauseColour(pause, tokens), strong: true });
  return true;
}

function drawMarks(pen: Pen, scene: StreamScene, box: Box, tokens: Tokens): void {
  pen.strokeStyle = tokens.text;
  pen.lineWidth = 1.25;
  pen.setLineDash([]);
  for (const us of [firstMark(scene), scene.model.firstAnswerUs]) {
    if (us === undefined) continue;
    const x = timeToX(scene, box, us);
    drawLine(pen, x, box.y + ROWS.railTop - 2, x, box.y + ROWS.stallFoot);
  }
  if (scene.cursorUs === undefined) return;
  const x = timeToX(scene, box, scene.cursorUs);
  pen.strokeStyle = tokens.link;
  pen.lineWidth = 1;
  drawLine(pen, x, box.y + ROWS.railTop - 2, x, box.y + ROWS.axisTop);
}

function firstMark(scene: StreamScene): number | undefined {
  return scene.model.count > 0 ? scene.model.firstUs : undefined;
}

function drawAxis(pen: Pen, scene: StreamScene, box: Box, tokens: Tokens): void {
  const { fromUs, toUs } = scene.window;
  const most = Math.max(2, Math.floor(box.width / 70));
  const step = niceStep(toUs - fromUs, most);
  pen.strokeStyle = tokens.line;
  pen.lineWidth = 1;
  pen.setLineDash([]);
  drawLine(pen, box.x, box.y + ROWS.axisTop - 1.5, box.x + box.width, box.y + ROWS.axisTop - 1.5);
  const space = createLabelSpace(box);
  for (const tick of niceTicks(fromUs, toUs, most)) {
    const x = timeToX(scene, box, tick);
    drawLine(pen, x, box.y + ROWS.axisTop - 1.5, x, box.y + ROWS.axisTop + 2);
    const text = timeTick(tick, step);
    const width = labelWidth(pen, text);
    const wanted = { x: x - width / 2, y: box.y + ROWS.axisMiddle - 7, width, height: 14 };
    const place = space.place([clampInto(wanted, box)]);
    if (place !== undefined) writeLabel(pen, text, place.x, box.y + ROWS.axisMiddle + 1, { colour: tokens.muted });
  }
}

interface Flag {
  readonly us: number;
  readonly text: string;
  readonly colour: string;
  readonly strong: boolean;
}

function drawFlags(pen: Pen, scene: StreamScene, box: Box, tokens: Tokens, pauses: readonly Pause[]): void {
  const space = createLabelSpace({ ...box, height: ROWS.railTop - 2 });
  for (const flag of flagsOf(scene, tokens, pauses)) {
    const x = timeToX(scene, box, flag.us);
    if (x < box.x - 0.5 || x > box.x + box.width + 0.5) continue;
    const width = labelWidth(pen, flag.text, flag.strong);
    const y = box.y + 1;
    const centred = clampInto({ x: x - width / 2, y, width, height: 14 }, box);
    const right = { x: x + 3, y, width, height: 14 };
    const left = { x: x - width - 3, y, width, height: 14 };
    const place = space.place(flag.strong ? [centred, right, left] : [right, left, centred]);
    if (place === undefined) continue;
    writeLabel(pen, flag.text, place.x, box.y + ROWS.flagsMiddle, { colour: flag.colour, strong: flag.strong });
  }
}

/** By priority: cursor, TTFT, first answer, pauses by length, first tool. */
function flagsOf(scene: StreamScene, tokens: Tokens, pauses: readonly Pause[]): readonly Flag[] {
  const { model, words, format, cursorUs } = scene;
  const flags: Flag[] = [];
  if (cursorUs !== undefined) {
    const delivered = tokenText(scene, deliveredAt(model, cursorUs));
    flags.push({
      us: cursorUs,
      text: `${format.duration(cursorUs / 1e6)} · ${delivered}`,
      colour: tokens.link,
      strong: true,
    });
  }
  const named = (us: number | undefined, name: string) => {
    if (us !== undefined)
      flags.push({ us, text: `${name} ${format.duration(us / 1e6)}`, colour: tokens.text, strong: false });
  };
  named(firstMark(scene), words.ttft);
  if (model.firstAnswerUs !== firstMark(scene)) named(model.firstAnswerUs, words.firstAnswer);
  const byLength = pauses.toSorted((a, b) => b.toUs - b.fromUs - (a.toUs - a.fromUs));
  for (const pause of byLength) {
    flags.push({
      us: (pause.fromUs + pause.toUs) / 2,
      text: format.duration((pause.toUs - pause.fromUs) / 1e6),
      colour: pauseColour(pause, tokens),
      strong: true,
    });
  }
  if (model.firstToolUs !== firstMark(scene)) named(model.firstToolUs, words.firstTool);
  return flags;
}

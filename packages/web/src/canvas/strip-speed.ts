import type { Tokens } from "../theme/tokens.ts";
import { createLabelSpace } from "./label-space.ts";
import { drawLine, labelWidth, LINE_HEIGHT, writeLabel, type Box, type Pen } from "./pen.ts";
import type { StreamModel, StreamWindow } from "./stream-model.ts";
import type { StreamScene } from "./stream-style.ts";
import { countTick, niceTop } from "./ticks.ts";

const TRAILING_US = 1e6;

/** Tokens that arrived in the second before each of `columns` evenly spaced moments of a window. */
export function trailingSpeed(model: StreamModel, window: StreamWindow, columns: number): Float64Array {
  const speeds = new Float64Array(columns);
  let newest = 0;
  let oldest = 0;
  let sum = 0;
  for (let column = 0; column < columns; column += 1) {
    const us = window.fromUs + ((column + 1) / columns) * (window.toUs - window.fromUs);
    while (newest < model.count && (model.atUs[newest] ?? 0) <= us) {
      sum += model.tokens[newest] ?? 0;
      newest += 1;
    }
    while (oldest < newest && (model.atUs[oldest] ?? 0) <= us - TRAILING_US) {
      sum -= model.tokens[oldest] ?? 0;
      oldest += 1;
    }
    speeds[column] = Math.max(0, sum);
  }
  return speeds;
}

/** Draws the speed line over the window, scaled to a labelled top. */
export function drawSpeedRow(pen: Pen, scene: StreamScene, box: Box, tokens: Tokens): void {
  const columns = Math.max(2, Math.ceil(box.width));
  const speeds = trailingSpeed(scene.model, scene.window, columns);
  let fastest = 0;
  for (const speed of speeds) fastest = Math.max(fastest, speed);
  if (fastest === 0) return;
  const top = niceTop(fastest);
  const yOf = (speed: number) => box.y + box.height - (speed / top) * (box.height - 2);

  pen.strokeStyle = tokens.grid;
  pen.lineWidth = 1;
  pen.setLineDash([]);
  drawLine(pen, box.x, box.y + 0.5, box.x + box.width, box.y + 0.5);
  pen.fillStyle = tokens.band;
  pen.globalAlpha = 0.6;
  tracePath(pen, speeds, box, yOf);
  pen.lineTo(box.x + box.width, box.y + box.height);
  pen.lineTo(box.x, box.y + box.height);
  pen.fill();
  pen.globalAlpha = 1;
  pen.strokeStyle = tokens.text;
  pen.lineWidth = 1.25;
  pen.lineJoin = "round";
  tracePath(pen, speeds, box, yOf);
  pen.stroke();

  labelTop(pen, `${countTick(top)}\u00a0${scene.words.speedUnit}`, { speeds, box, yOf, tokens });
}

function tracePath(pen: Pen, speeds: Float64Array, box: Box, yOf: (speed: number) => number): void {
  pen.beginPath();
  speeds.forEach((speed, column) => {
    const x = box.x + ((column + 1) / speeds.length) * box.width;
    if (column === 0) pen.moveTo(box.x, yOf(speed));
    pen.lineTo(x, yOf(speed));
  });
}

interface TopLabel {
  readonly speeds: Float64Array;
  readonly box: Box;
  readonly yOf: (speed: number) => number;
  readonly tokens: Tokens;
}

/** The label takes the first place along the top that the line leaves free; with none, it covers the line. */
function labelTop(pen: Pen, text: string, at: TopLabel): void {
  const { box, speeds } = at;
  const width = labelWidth(pen, text);
  const space = createLabelSpace(box, 2);
  for (let column = 0; column < speeds.length; column += 4) {
    const y = at.yOf(speeds[column] ?? 0);
    space.block({ x: box.x + column, y, width: 4, height: box.y + box.height - y });
  }
  const y = box.y + 2;
  const places = [1, 0, 0.9, 0.1, 0.75, 0.25, 0.5, 0.6, 0.4].map((share) => ({
    x: box.x + share * (box.width - width),
    y,
    width,
    height: LINE_HEIGHT,
  }));
  const free = space.place(places);
  const place = free ?? places[0];
  if (place === undefined) return;
  if (free === undefined) {
    pen.fillStyle = at.tokens.panel;
    pen.fillRect(place.x - 4, place.y - 1, width + 4, LINE_HEIGHT);
  }
  writeLabel(pen, text, place.x, place.y + LINE_HEIGHT / 2, { colour: at.tokens.muted, halo: at.tokens.panel });
}

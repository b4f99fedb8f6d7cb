import type { Box, Pen } from "./pen.ts";

/** A text as it was written, with the rectangle it covers. */
export interface WrittenText extends Box {
  readonly text: string;
}

/** A rectangle as it was filled. */
export interface FilledRect extends Box {
  readonly fill: string;
}

const CHARACTER_WIDTH = 6;
const TEXT_HEIGHT = 11;

/** A pen for tests: it measures every character as 6 px wide and remembers what was drawn. */
export class RecordingPen implements Pen {
  fillStyle: string | CanvasGradient | CanvasPattern = "";
  strokeStyle: string | CanvasGradient | CanvasPattern = "";
  font = "";
  globalAlpha = 1;
  lineCap: CanvasLineCap = "butt";
  lineJoin: CanvasLineJoin = "miter";
  lineWidth = 1;
  textAlign: CanvasTextAlign = "left";
  textBaseline: CanvasTextBaseline = "middle";
  readonly texts: WrittenText[] = [];
  readonly rects: FilledRect[] = [];
  readonly strokes: {
    readonly colour: string;
    readonly width: number;
    readonly points: readonly (readonly [number, number])[];
  }[] = [];
  #path: (readonly [number, number])[] = [];

  beginPath(): void {
    this.#path = [];
  }
  moveTo(x: number, y: number): void {
    this.#path.push([x, y]);
  }
  lineTo(x: number, y: number): void {
    this.#path.push([x, y]);
  }
  stroke(): void {
    this.strokes.push({ colour: colourOf(this.strokeStyle), width: this.lineWidth, points: this.#path });
  }
  fillRect(x: number, y: number, width: number, height: number): void {
    this.rects.push({ x, y, width, height, fill: colourOf(this.fillStyle) });
  }
  fillText(text: string, x: number, y: number): void {
    this.texts.push({ text, x, y: y - TEXT_HEIGHT / 2, width: text.length * CHARACTER_WIDTH, height: TEXT_HEIGHT });
  }
  measureText(text: string): TextMetrics {
    const measured: Partial<TextMetrics> = { width: text.length * CHARACTER_WIDTH };
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- drawing reads the width alone
    return measured as TextMetrics;
  }
  arc(): void {}
  clearRect(): void {}
  clip(): void {}
  closePath(): void {}
  fill(): void {}
  rect(): void {}
  restore(): void {}
  save(): void {}
  setLineDash(): void {}
  strokeRect(): void {}
  strokeText(): void {}
}

function colourOf(style: string | CanvasGradient | CanvasPattern): string {
  return typeof style === "string" ? style : "not a plain colour";
}

/** The part of a 2D context that drawing functions use; tests implement it to record what is drawn. */
export type Pen = Pick<
  CanvasRenderingContext2D,
  | "arc"
  | "beginPath"
  | "clearRect"
  | "clip"
  | "closePath"
  | "fill"
  | "fillRect"
  | "fillStyle"
  | "fillText"
  | "font"
  | "globalAlpha"
  | "lineCap"
  | "lineJoin"
  | "lineTo"
  | "lineWidth"
  | "measureText"
  | "moveTo"
  | "rect"
  | "restore"
  | "save"
  | "setLineDash"
  | "stroke"
  | "strokeRect"
  | "strokeStyle"
  | "strokeText"
  | "textAlign"
  | "textBaseline"
>;

/** A rectangle in CSS pixels. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const FAMILY = 'system-ui, -apple-system, "Segoe UI", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif';
/** Fonts of canvas labels; the same stack as the page. */
export const FONTS = {
  label: `11px ${FAMILY}`,
  strong: `600 11px ${FAMILY}`,
} as const;

/** Height reserved for one line of label text. */
export const LINE_HEIGHT = 14;

interface TextStyle {
  readonly colour: string;
  readonly strong?: boolean;
  /** Colour of a soft edge that keeps text readable over lines. */
  readonly halo?: string;
}

/** Width of a label in CSS pixels. */
export function labelWidth(pen: Pen, text: string, strong = false): number {
  pen.font = strong ? FONTS.strong : FONTS.label;
  return pen.measureText(text).width;
}

/** Writes a label with its left edge and vertical middle at a point. */
export function writeLabel(pen: Pen, text: string, x: number, middleY: number, style: TextStyle): void {
  pen.font = style.strong === true ? FONTS.strong : FONTS.label;
  pen.textAlign = "left";
  pen.textBaseline = "middle";
  if (style.halo !== undefined) {
    pen.strokeStyle = style.halo;
    pen.lineWidth = 3;
    pen.lineJoin = "round";
    pen.setLineDash([]);
    pen.strokeText(text, x, middleY);
  }
  pen.fillStyle = style.colour;
  pen.fillText(text, x, middleY);
}

/** A straight line. */
export function drawLine(pen: Pen, fromX: number, fromY: number, toX: number, toY: number): void {
  pen.beginPath();
  pen.moveTo(fromX, fromY);
  pen.lineTo(toX, toY);
  pen.stroke();
}

/** 45° lines, 6 px apart, inside a rectangle. */
export function hatch(pen: Pen, box: Box, colour: string): void {
  pen.save();
  pen.beginPath();
  pen.rect(box.x, box.y, box.width, box.height);
  pen.clip();
  pen.strokeStyle = colour;
  pen.lineWidth = 1;
  pen.globalAlpha = 0.75;
  pen.setLineDash([]);
  pen.beginPath();
  // The pattern is fixed to the canvas, so panning does not make it crawl inside of a gap.
  const start = Math.floor(box.x / 6) * 6;
  for (let x = start; x < box.x + box.width + box.height; x += 6) {
    pen.moveTo(x, box.y);
    pen.lineTo(x - box.height, box.y + box.height);
  }
  pen.stroke();
  pen.restore();
}

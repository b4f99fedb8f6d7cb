import { useEffect, useLayoutEffect, useRef, useState, type RefObject } from "react";
import type { Box, Pen } from "../canvas/pen.ts";

interface CanvasViewProps {
  readonly height: number;
  /** Draws into a box that starts at 0, 0 in CSS pixels; must be pure. A new function redraws. */
  readonly draw: (pen: Pen, box: Box) => void;
  readonly className?: string | undefined;
  readonly canvasRef?: RefObject<HTMLCanvasElement | null>;
}

/** A canvas of its container's width, sharp on every screen; hidden from readers, its figure speaks for it. */
export function CanvasView(props: CanvasViewProps) {
  const own = useRef<HTMLCanvasElement>(null);
  const canvas = props.canvasRef ?? own;
  const [width, setWidth] = useState(0);
  const { draw, height } = props;

  useLayoutEffect(() => {
    const element = canvas.current?.parentElement;
    if (element === null || element === undefined) return undefined;
    const measure = () => setWidth(element.clientWidth);
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    return () => observer.disconnect();
  }, [canvas]);

  useEffect(() => {
    if (width > 0 && canvas.current !== null) paint(canvas.current, width, height, draw);
  }, [canvas, width, height, draw]);

  return (
    <div className={props.className} style={{ width: "100%", height, overflow: "hidden" }}>
      <canvas ref={canvas} aria-hidden="true" style={{ width, height }} />
    </div>
  );
}

/** Sizes the bitmap to device pixels and draws in CSS pixels. */
export function paint(
  canvas: HTMLCanvasElement,
  width: number,
  height: number,
  draw: (pen: Pen, box: Box) => void,
): void {
  const ratio = globalThis.devicePixelRatio || 1;
  const pixelWidth = Math.round(width * ratio);
  const pixelHeight = Math.round(height * ratio);
  if (canvas.width !== pixelWidth) canvas.width = pixelWidth;
  if (canvas.height !== pixelHeight) canvas.height = pixelHeight;
  const pen = canvas.getContext("2d");
  if (pen === null) return;
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  draw(pen, { x: 0, y: 0, width, height });
}

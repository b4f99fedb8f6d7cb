import {
  useCallback,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
  type KeyboardEvent,
  type PointerEvent,
} from "react";
import type { Box, Pen } from "../../canvas/pen.ts";
import { CanvasView } from "../../components/canvas-view.tsx";
import css from "./request.module.css";

/** Left edge and width of the time axis inside of a figure. */
export interface TimeBox {
  readonly x: number;
  readonly width: number;
}

interface StreamFigureProps {
  readonly title: string;
  readonly summary: string;
  readonly height: number;
  readonly draw: (pen: Pen, box: Box) => void;
  /** Where time runs in this figure of a given width. */
  readonly timeBox: (canvas: HTMLCanvasElement) => TimeBox;
  readonly window: { readonly fromUs: number; readonly toUs: number };
  readonly onCursor: (us: number | undefined) => void;
  readonly onZoom: (factor: number, aroundUs: number) => void;
  readonly onPan: (byUs: number) => void;
  readonly onReset: () => void;
  readonly onKey: (event: KeyboardEvent) => void;
}

const CLICK_SLOP_PX = 3;

/** A time drawing to hover, zoom by wheel, pan by drag and walk by keys. */
export function StreamFigure(props: StreamFigureProps) {
  const host = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [dragging, setDragging] = useState(false);
  const drag = useRef<{ x: number; moved: boolean }>(undefined);
  const latest = useRef(props);
  useLayoutEffect(() => {
    latest.current = props;
  });

  const timeAt = useCallback((clientX: number): number => {
    const element = canvas.current;
    if (element === null) return 0;
    const { window, timeBox } = latest.current;
    const box = timeBox(element);
    const share = (clientX - element.getBoundingClientRect().left - box.x) / box.width;
    return window.fromUs + Math.min(1, Math.max(0, share)) * (window.toUs - window.fromUs);
  }, []);

  useEffect(() => {
    const element = host.current;
    if (element === null) return undefined;
    const onWheel = (event: WheelEvent) => {
      if (event.ctrlKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) return;
      event.preventDefault();
      latest.current.onZoom(Math.exp(event.deltaY * 0.0015), timeAt(event.clientX));
    };
    // React's own wheel listener is passive and could not keep the page from scrolling.
    element.addEventListener("wheel", onWheel, { passive: false });
    return () => element.removeEventListener("wheel", onWheel);
  }, [timeAt]);

  const onPointerDown = (event: PointerEvent) => {
    if (event.button !== 0) return;
    drag.current = { x: event.clientX, moved: false };
  };
  const onPointerMove = (event: PointerEvent) => {
    const start = drag.current;
    if (start !== undefined && (start.moved || Math.abs(event.clientX - start.x) > CLICK_SLOP_PX)) {
      if (!start.moved) {
        event.currentTarget.setPointerCapture(event.pointerId);
        setDragging(true);
      }
      props.onPan(timeAt(start.x) - timeAt(event.clientX));
      drag.current = { x: event.clientX, moved: true };
      return;
    }
    props.onCursor(timeAt(event.clientX));
  };
  const endDrag = () => {
    drag.current = undefined;
    setDragging(false);
  };
  return (
    <div
      ref={host}
      role="figure"
      aria-label={props.title}
      aria-description={props.summary}
      tabIndex={0}
      className={css["figure"]}
      data-dragging={dragging}
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onPointerUp={endDrag}
      onPointerCancel={endDrag}
      onPointerLeave={() => props.onCursor(undefined)}
      onDoubleClick={props.onReset}
      onKeyDown={props.onKey}
      onBlur={() => props.onCursor(undefined)}
    >
      <CanvasView height={props.height} draw={props.draw} canvasRef={canvas} />
    </div>
  );
}

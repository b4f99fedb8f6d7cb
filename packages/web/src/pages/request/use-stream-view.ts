import { useCallback, useMemo, useState } from "react";
import { chunksUntil, clampWindow, type StreamModel, type StreamWindow } from "../../canvas/stream-model.ts";

/** Zoom and cursor, shared by strip and staircase. */
export interface StreamControls {
  readonly window: StreamWindow;
  readonly zoomed: boolean;
  readonly cursorUs: number | undefined;
  readonly setCursor: (us: number | undefined) => void;
  /** Zooms by a factor (below 1: in) around a moment. */
  readonly zoom: (factor: number, aroundUs: number) => void;
  readonly pan: (byUs: number) => void;
  readonly reset: () => void;
  /** Moves the cursor by whole chunks and keeps it in view. */
  readonly step: (chunks: number) => void;
  readonly show: (us: number) => void;
}

/** State of the stream views of one request. */
export function useStreamView(model: StreamModel): StreamControls {
  const whole = useMemo<StreamWindow>(() => ({ fromUs: 0, toUs: model.endUs }), [model]);
  const [window, setWindow] = useState(whole);
  const [cursorUs, setCursor] = useState<number>();
  const zoom = useCallback(
    (factor: number, aroundUs: number) =>
      setWindow((now) => {
        const share = (aroundUs - now.fromUs) / (now.toUs - now.fromUs);
        const width = (now.toUs - now.fromUs) * factor;
        const fromUs = aroundUs - share * width;
        return clampWindow(model, { fromUs, toUs: fromUs + width });
      }),
    [model],
  );
  const pan = useCallback(
    (byUs: number) => setWindow((now) => clampWindow(model, { fromUs: now.fromUs + byUs, toUs: now.toUs + byUs })),
    [model],
  );
  const show = useCallback(
    (us: number) => {
      setCursor(us);
      setWindow((now) => {
        if (us >= now.fromUs && us <= now.toUs) return now;
        const half = (now.toUs - now.fromUs) / 2;
        return clampWindow(model, { fromUs: us - half, toUs: us + half });
      });
    },
    [model],
  );
  const step = (chunks: number) => {
    if (model.count === 0) return;
    const at = cursorUs === undefined ? -1 : chunksUntil(model, cursorUs) - 1;
    const next = cursorUs === undefined ? 0 : Math.min(model.count - 1, Math.max(0, at + chunks));
    show(model.atUs[next] ?? 0);
  };
  return {
    window,
    zoomed: window.toUs - window.fromUs < model.endUs,
    cursorUs,
    setCursor,
    zoom,
    pan,
    reset: () => setWindow(whole),
    step,
    show,
  };
}

import { useEffect, useLayoutEffect, useRef, type RefObject } from "react";
import uPlot from "uplot";
import { plotOptions, type PlotLook } from "./plot-options.ts";

/** Keeps one plot in `container`: made anew only when its look changes, never for data. */
export function usePlot(
  container: RefObject<HTMLDivElement | null>,
  look: PlotLook,
  lookKey: string,
  data: uPlot.AlignedData,
): RefObject<uPlot | null> {
  const plot = useRef<uPlot | null>(null);
  const latest = useRef({ look, data });
  latest.current = { look, data };

  useLayoutEffect(() => {
    const host = container.current;
    if (host === null) return undefined;
    const current = () => latest.current.look;
    // Callbacks and range are read when they fire, so they need no new plot.
    const stable: PlotLook = {
      ...current(),
      range: () => current().range(),
      onCursor: (target) => current().onCursor(target),
      onSelect: (fromMs, toMs) => current().onSelect(fromMs, toMs),
    };
    const made = new uPlot(plotOptions(stable, Math.max(1, host.clientWidth)), latest.current.data, host);
    plot.current = made;
    const observer = new ResizeObserver(() =>
      made.setSize({ width: Math.max(1, host.clientWidth), height: stable.height }),
    );
    observer.observe(host);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [container, lookKey]);

  useEffect(() => {
    if (plot.current !== null && plot.current.data !== data) plot.current.setData(data);
  }, [data, lookKey]);
  return plot;
}

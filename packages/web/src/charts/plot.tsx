import { useEffect, useLayoutEffect, useRef, type RefObject } from "react";
import uPlot from "uplot";
import { plotOptions, type PlotLook } from "./plot-options.ts";
import css from "./time-series.module.css";

interface PlotProps {
  /** Read once when the plot is made, except for its functions; give the component a new `key` for a new look. */
  readonly look: PlotLook;
  readonly data: uPlot.AlignedData;
  readonly plotRef: RefObject<uPlot | null>;
}

/** One plot, made on mount and destroyed on unmount; new data are set, never a new plot. */
export function Plot(props: PlotProps) {
  const host = useRef<HTMLDivElement>(null);
  const latest = useRef(props);
  const { data, plotRef } = props;
  useLayoutEffect(() => {
    latest.current = props;
  });

  useLayoutEffect(() => {
    const element = host.current;
    if (element === null) return undefined;
    const current = () => latest.current.look;
    const look: PlotLook = {
      ...current(),
      range: () => current().range(),
      onCursor: (plot) => current().onCursor(plot),
      onSelect: (fromMs, toMs) => current().onSelect(fromMs, toMs),
    };
    const width = () => Math.max(1, element.clientWidth);
    const plot = new uPlot(plotOptions(look, width()), latest.current.data, element);
    plotRef.current = plot;
    const observer = new ResizeObserver(() => plot.setSize({ width: width(), height: look.height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.destroy();
      plotRef.current = null;
    };
  }, [plotRef]);

  useEffect(() => {
    const plot = plotRef.current;
    if (plot !== null && plot.data !== data) plot.setData(data);
  }, [data, plotRef]);
  return <div ref={host} className={css["host"]} />;
}

/** How each kind of panel is drawn. */
import type { Json } from "./field-config.ts";
import type { PanelSpec } from "./panel-spec.ts";

const TOOLTIP = { mode: "multi", sort: "desc" };
const LAST = { calcs: ["lastNotNull"], values: false, fields: "" };

/** The `options` of a panel, as its kind wants them. */
export function panelOptions(panel: PanelSpec): Json {
  switch (panel.kind) {
    case "stat":
      return {
        graphMode: "area",
        colorMode: "value",
        justifyMode: "auto",
        textMode: "auto",
        wideLayout: true,
        showPercentChange: false,
        percentChangeColorMode: "standard",
        orientation: "auto",
        reduceOptions: LAST,
      };
    case "timeseries":
      return { legend: { displayMode: "list", placement: "bottom", showLegend: true, calcs: [] }, tooltip: TOOLTIP };
    case "bargauge":
      return {
        displayMode: "basic",
        valueMode: "color",
        namePlacement: "left",
        showUnfilled: true,
        sizing: "auto",
        minVizWidth: 8,
        minVizHeight: 16,
        maxVizHeight: 300,
        orientation: "horizontal",
        legend: { displayMode: "list", placement: "bottom", showLegend: false, calcs: [] },
        reduceOptions: LAST,
      };
    case "heatmap":
      return {
        calculate: false,
        color: {
          mode: "scheme",
          scheme: "Blues",
          fill: "blue",
          scale: "exponential",
          exponent: 0.5,
          steps: 64,
          reverse: false,
        },
        showValue: "never",
        cellGap: 1,
        filterValues: { le: 1e-9 },
        yAxis: { unit: panel.unit, axisPlacement: "left" },
        legend: { show: false },
        tooltip: { mode: "single", yHistogram: true, showColorScale: false },
        exemplars: { color: "rgba(255,120,60,0.9)" },
      };
    case "table":
      return { frameIndex: 0, showHeader: true, cellHeight: "sm" };
  }
}

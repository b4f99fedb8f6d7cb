/** How values of a panel look: unit, colours, limits, and what stands there when there is no value. */
import type { Bounds, Language, PanelSpec, Query, Text } from "./panel-spec.ts";

/** A JSON object of Grafana's; its shape is checked against Grafana's own types in tests/docker. */
export type Json = Readonly<Record<string, unknown>>;

const NO_VALUE: Text = {
  en: "no data in this range: row Pipeline health shows why",
  zh: "此区间没有数据：原因见“采集健康”一行",
};

/** Letters of the queries, as Grafana gives them. */
export function refId(index: number): string {
  return String.fromCharCode(65 + index);
}

function thresholds(bounds: Bounds | undefined): Json {
  if (bounds === undefined) return { mode: "absolute", steps: [{ color: "green", value: null }] };
  const { amber, red, below } = bounds;
  const steps = below
    ? [
        { color: "red", value: null },
        { color: "orange", value: red },
        { color: "green", value: amber },
      ]
    : [
        { color: "green", value: null },
        { color: "orange", value: amber },
        { color: "red", value: red },
      ];
  return { mode: "absolute", steps };
}

function byQuery(index: number, properties: readonly Json[]): Json {
  return { matcher: { id: "byFrameRefID", options: refId(index) }, properties };
}

const OUT_OF_LEGEND = { id: "custom.hideFrom", value: { legend: true, tooltip: false, viz: false } };

/** Statistics of one model differ by line style and never by colour; only the first one stands in the legend. */
function lineOverride(query: Query, index: number): readonly Json[] {
  const properties: Json[] = [];
  if (query.line === "dashed") properties.push(lineStyle([8, 6]), OUT_OF_LEGEND);
  if (query.line === "dotted") properties.push(lineStyle([2, 4]), OUT_OF_LEGEND);
  if (query.line === "limit") {
    properties.push(lineStyle([2, 6]), OUT_OF_LEGEND, { id: "custom.fillOpacity", value: 0 });
    properties.push({ id: "color", value: { mode: "fixed", fixedColor: "red" } });
  }
  if (query.negative) properties.push({ id: "custom.transform", value: "negative-Y" });
  return properties.length === 0 ? [] : [byQuery(index, properties)];
}

function lineStyle(dash: readonly number[]): Json {
  return { id: "custom.lineStyle", value: { fill: "dash", dash } };
}

/** Options of lines: thin, gaps stay gaps. */
const LINES = {
  drawStyle: "line",
  lineInterpolation: "linear",
  lineWidth: 2,
  fillOpacity: 6,
  showPoints: "never",
  spanNulls: false,
  axisPlacement: "auto",
};

/** The field configuration of a panel; `overrides` are added behind those of its queries. */
export function fieldConfig(panel: PanelSpec, language: Language, overrides: readonly Json[] = []): Json {
  const colour =
    panel.kind === "stat" || panel.kind === "bargauge"
      ? "thresholds"
      : panel.kind === "table"
        ? undefined
        : "palette-classic-by-name";
  const limited = panel.bounds !== undefined && panel.kind === "timeseries";
  return {
    defaults: {
      unit: panel.unit,
      noValue: (panel.noValue ?? NO_VALUE)[language],
      thresholds: thresholds(panel.bounds),
      ...(colour !== undefined && { color: { mode: colour } }),
      ...(panel.kind === "timeseries" && {
        custom: { ...LINES, ...(limited && { thresholdsStyle: { mode: "dashed" } }) },
      }),
    },
    overrides: [...(panel.kind === "timeseries" ? panel.queries.flatMap(lineOverride) : []), ...overrides],
  };
}

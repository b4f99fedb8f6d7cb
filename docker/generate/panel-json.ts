/** Panels as Grafana reads them. */
import { fieldConfig, refId, type Json } from "./field-config.ts";
import { panelOptions } from "./panel-options.ts";
import type { Language, PanelSpec, Query, TextSpec } from "./panel-spec.ts";

/** The data source variable of the dashboard. */
export const PROMETHEUS = { type: "prometheus", uid: "${ds}" } as const;

/** What a panel needs to know of its dashboard. */
export interface PanelPlace {
  readonly language: Language;
  readonly dashboardUid: string;
  /** Base URL of Jaeger's pages, as a browser reaches them. */
  readonly jaegerUrl: string;
  /** Base URL of our own dashboard; undefined leaves its links out, so that none is dead. */
  readonly monitorUrl: string | undefined;
}

function target(panel: PanelSpec, query: Query, index: number): Json {
  const table = panel.kind === "table";
  const gauge = panel.kind === "bargauge";
  return {
    datasource: PROMETHEUS,
    editorMode: "code",
    refId: refId(index),
    expr: query.expr,
    legendFormat: query.legend ?? "__auto",
    format: panel.kind === "heatmap" ? "heatmap" : table ? "table" : "time_series",
    instant: table || gauge,
    range: !table && !gauge,
    ...(query.exemplar && { exemplar: true }),
  };
}

/** `Value #A` is what Grafana calls the value of query A once tables are merged; a table of one query says `Value`. */
function valueField(panel: PanelSpec, index: number): string {
  return panel.queries.length === 1 ? "Value" : `Value #${refId(index)}`;
}

function columnOverrides(panel: PanelSpec, place: PanelPlace): Json[] {
  const columns = panel.queries.map((query, index) => ({
    matcher: { id: "byName", options: query.column?.[place.language] ?? valueField(panel, index) },
    properties: [
      { id: "unit", value: query.unit ?? panel.unit },
      ...(panel.cellBars
        ? [
            { id: "custom.cellOptions", value: { type: "gauge", mode: "basic", valueDisplayMode: "text" } },
            { id: "color", value: { mode: "continuous-blues" } },
          ]
        : []),
    ],
  }));
  const link = panel.failedTraces ? failedTracesLink(place) : filterLink(place);
  return [...columns, { matcher: { id: "byName", options: "model" }, properties: [{ id: "links", value: [link] }] }];
}

function filterLink({ language, dashboardUid }: PanelPlace): Json {
  return {
    title: language === "en" ? "Only this model" : "只看此模型",
    url: `/d/${dashboardUid}?var-model=\${__value.raw}&\${__url_time_range}`,
    targetBlank: false,
  };
}

/** Jaeger's search needs a service; the gateway's is the one the stack itself runs. */
function failedTracesLink({ language, jaegerUrl }: PanelPlace): Json {
  const tags = encodeURIComponent(JSON.stringify({ error: "true" }));
  return {
    title: language === "en" ? "Failed traces in Jaeger" : "在 Jaeger 中查看失败的链路",
    url: `${jaegerUrl}/search?service=nexent-gateway&tags=${tags}&lookback=1h`,
    targetBlank: true,
  };
}

/** Tables of several queries become one: Grafana merges them by their common labels. */
function transformations(panel: PanelSpec, { language }: PanelPlace): Json[] {
  if (panel.kind !== "table") return [];
  const renameByName = Object.fromEntries(
    panel.queries.map((query, index) => [valueField(panel, index), query.column?.[language] ?? query.expr]),
  );
  return [
    { id: "merge", options: {} },
    { id: "organize", options: { excludeByName: { Time: true }, indexByName: {}, renameByName } },
  ];
}

function requestLinks({ monitorUrl, language }: PanelPlace): Json[] {
  if (monitorUrl === undefined) return [];
  return [
    {
      title: language === "en" ? "Requests at this moment" : "此刻的请求",
      url: `${monitorUrl}/requests?at=\${__value.time}&m=\${__field.labels.model}`,
      targetBlank: true,
    },
  ];
}

/** A panel at its place in the grid. */
export function panelJson(panel: PanelSpec | TextSpec, id: number, gridPos: Json, place: PanelPlace): Json {
  const { language } = place;
  const common = { id, title: panel.title[language], description: panel.description[language], gridPos };
  if (panel.kind === "text") {
    return { ...common, type: "text", options: { mode: "markdown", content: panel.content[language] } };
  }
  const config = fieldConfig(panel, language, panel.kind === "table" ? columnOverrides(panel, place) : []);
  const links = panel.kind === "timeseries" ? requestLinks(place) : [];
  return {
    ...common,
    type: panel.kind,
    datasource: PROMETHEUS,
    targets: panel.queries.map((query, index) => target(panel, query, index)),
    fieldConfig: links.length === 0 ? config : { ...config, defaults: { ...(config["defaults"] as Json), links } },
    options: panelOptions(panel),
    transformations: transformations(panel, place),
  };
}

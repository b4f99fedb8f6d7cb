import { METRICS } from "@nexent/monitor-core";
import { errorRatio, observations, quantile, summed, tokens } from "../expressions.ts";
import type { PanelSpec, Query, RowSpec } from "../panel-spec.ts";

const MODEL = ["model"];
const SPEED = METRICS.llmTokenGenerationRate;
const TTFT = METRICS.llmTimeToFirstTokenSeconds;
const DURATION = METRICS.llmRequestDurationSeconds;

const columns: readonly Query[] = [
  { expr: observations(DURATION, MODEL, "range"), column: { en: "Requests", zh: "请求" }, unit: "short" },
  { expr: errorRatio(MODEL, "range"), column: { en: "Errors", zh: "错误率" }, unit: "percentunit" },
  { expr: quantile(0.5, TTFT, MODEL, "range"), column: { en: "TTFT P50", zh: "首 token P50" }, unit: "s" },
  { expr: quantile(0.95, TTFT, MODEL, "range"), column: { en: "TTFT P95", zh: "首 token P95" }, unit: "s" },
  { expr: quantile(0.5, SPEED, MODEL, "range"), column: { en: "Speed P50", zh: "速度 P50" }, unit: "suffix: tok/s" },
  { expr: quantile(0.1, SPEED, MODEL, "range"), column: { en: "Speed P10", zh: "速度 P10" }, unit: "suffix: tok/s" },
  { expr: quantile(0.5, DURATION, MODEL, "range"), column: { en: "Duration P50", zh: "总耗时 P50" }, unit: "s" },
  { expr: quantile(0.95, DURATION, MODEL, "range"), column: { en: "Duration P95", zh: "总耗时 P95" }, unit: "s" },
  {
    expr: `${tokens("output", MODEL, "range")} / ${observations(DURATION, MODEL, "range")}`,
    column: { en: "Tokens per request", zh: "每请求 token" },
    unit: "suffix: tok/req",
  },
  {
    expr: `100 * ${summed(DURATION, MODEL, "range")} / ${tokens("output", MODEL, "range")}`,
    column: { en: "s per 100 tokens", zh: "每 100 token 秒数" },
    unit: "s",
  },
];

const table: PanelSpec = {
  kind: "table",
  title: { en: "Model comparison", zh: "模型对比" },
  description: {
    en: "The selected range, one row per model; speeds exclude time to first token. Compare models of equal prompt and answer length only. A model's link filters the dashboard.",
    zh: "所选区间，每个模型一行；速度不含首 token 延迟。只比较提示与回答长度相近的模型。点击模型可筛选仪表盘。",
  },
  unit: "short",
  width: 24,
  height: 9,
  cellBars: true,
  queries: columns,
};

/** Row 7: models side by side. */
export const COMPARISON: RowSpec = { title: { en: "Model comparison", zh: "模型对比" }, panels: [table] };

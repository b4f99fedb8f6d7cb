import { METRICS } from "@nexent/monitor-core";
import { counted, observations, tokens } from "../expressions.ts";
import type { RowSpec } from "../panel-spec.ts";

const MODEL = ["model"];
const legend = "{{model}}";
const REQUESTS = observations(METRICS.llmRequestDurationSeconds, MODEL);

/** Row 5: how much is read and written. */
export const TOKENS: RowSpec = {
  title: { en: "Tokens", zh: "Token" },
  panels: [
    {
      kind: "timeseries",
      title: { en: "Output up, input down", zh: "输出（上）与输入（下）" },
      description: {
        en: "Tokens of all requests per second of wall time, as reported or estimated. Input far above output: prompts dominate the cost.",
        zh: "全部请求每秒的 token，来自上报或估算。输入远大于输出：成本主要在提示。",
      },
      unit: "suffix: tok/s",
      width: 12,
      height: 8,
      queries: [
        { expr: tokens("output", MODEL), legend },
        { expr: tokens("input", MODEL), legend, line: "dashed", negative: true },
      ],
    },
    {
      kind: "bargauge",
      title: { en: "Tokens in range", zh: "区间内的 token" },
      description: {
        en: "Tokens of the selected range by model and direction; failed requests included.",
        zh: "所选区间内按模型与方向的 token，含失败请求。",
      },
      unit: "short",
      width: 12,
      height: 8,
      queries: [{ expr: counted(METRICS.llmTotalTokens, ["model", "type"], "range"), legend: "{{model}} {{type}}" }],
    },
    {
      kind: "timeseries",
      title: { en: "Output tokens per request", zh: "每请求输出 token" },
      description: {
        en: "Mean length of an answer. A step here explains a step in duration.",
        zh: "回答的平均长度。这里的台阶可以解释总耗时的台阶。",
      },
      unit: "suffix: tok/req",
      width: 12,
      height: 7,
      queries: [{ expr: `${tokens("output", MODEL)} / ${REQUESTS}`, legend }],
    },
    {
      kind: "timeseries",
      title: { en: "Input per output token", zh: "每个输出 token 的输入" },
      description: {
        en: "Input tokens divided by output tokens. Rising: longer prompts or histories, hence a later first token.",
        zh: "输入 token 除以输出 token。上升：提示或历史变长，首 token 因此更晚。",
      },
      unit: "suffix: ×",
      width: 12,
      height: 7,
      queries: [{ expr: `${tokens("input", MODEL)} / ${tokens("output", MODEL)}`, legend }],
    },
  ],
};

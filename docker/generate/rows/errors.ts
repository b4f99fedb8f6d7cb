import { METRICS } from "@nexent/monitor-core";
import { counted, errorRatio, observations } from "../expressions.ts";
import type { RowSpec } from "../panel-spec.ts";

const ERRORS = METRICS.llmErrorCount;

/** Row 6: what fails and how. */
export const ERRORS_ROW: RowSpec = {
  title: { en: "Errors", zh: "错误" },
  panels: [
    {
      kind: "timeseries",
      title: { en: "Error ratio by model", zh: "各模型错误率" },
      description: {
        en: "Attempts with outcome error divided by all attempts of the model; 0 where there was traffic and no error. LLMErrorRatioHigh fires above 10 %.",
        zh: "该模型结果为 error 的尝试除以全部尝试；有流量而无错误时为 0。超过 10 % 触发 LLMErrorRatioHigh。",
      },
      unit: "percentunit",
      width: 12,
      height: 8,
      bounds: { amber: 0.01, red: 0.1 },
      queries: [{ expr: errorRatio(["model"]), legend: "{{model}}" }],
    },
    {
      kind: "timeseries",
      title: { en: "Errors per minute by type", zh: "每分钟错误（按类型）" },
      description: {
        en: "rate_limited: ask for less or more quota. timeout, connection: network or overload. server_error: the provider. invalid_request: the caller.",
        zh: "rate_limited：降低请求或提高配额；timeout、connection：网络或过载；server_error：服务商；invalid_request：调用方。",
      },
      unit: "suffix: /min",
      width: 12,
      height: 8,
      queries: [{ expr: `60 * ${counted(ERRORS, ["error_type"])}`, legend: "{{error_type}}" }],
      noValue: { en: "no errors", zh: "没有错误" },
    },
    {
      kind: "timeseries",
      title: { en: "Requests by outcome", zh: "请求结果" },
      description: {
        en: "Attempts per second by outcome. Many cancelled: people do not wait for the answer.",
        zh: "每秒尝试次数（按结果）。取消很多：用户不愿等待。",
      },
      unit: "reqps",
      width: 12,
      height: 8,
      queries: [{ expr: observations(METRICS.llmRequestDurationSeconds, ["outcome"]), legend: "{{outcome}}" }],
    },
    {
      kind: "table",
      title: { en: "Top failing", zh: "失败最多" },
      description: {
        en: "Failed attempts of the selected range. The model's link opens failed traces in Jaeger.",
        zh: "所选区间内失败的尝试。模型上的链接打开 Jaeger 中失败的链路。",
      },
      unit: "short",
      width: 12,
      height: 8,
      failedTraces: true,
      queries: [
        {
          expr: `topk(10, ${counted(ERRORS, ["model", "operation", "provider"], "range")})`,
          column: { en: "Errors", zh: "错误" },
        },
      ],
      noValue: { en: "no errors", zh: "没有错误" },
    },
  ],
};

import { METRICS } from "@nexent/monitor-core";
import { atMost, heat, observations, quantile, summed, tokens } from "../expressions.ts";
import type { RowSpec } from "../panel-spec.ts";

const DURATION = METRICS.llmRequestDurationSeconds;
const MODEL = ["model"];
const legend = "{{model}}";

/** Row 4: how long whole answers take. */
export const DURATION_ROW: RowSpec = {
  title: { en: "Duration", zh: "总耗时" },
  panels: [
    {
      kind: "timeseries",
      title: { en: "Duration by model", zh: "各模型总耗时" },
      description: {
        en: "Request sent to end of response, failures included. Solid P50, dashed P95, dotted P99 and the slow limit. Points are traces.",
        zh: "请求发出到回答结束，含失败。实线 P50，虚线 P95，点线 P99 与慢请求阈值。点为链路。",
      },
      unit: "s",
      width: 12,
      height: 8,
      queries: [
        { expr: quantile(0.5, DURATION, MODEL), legend, exemplar: true },
        { expr: quantile(0.95, DURATION, MODEL), legend, line: "dashed" },
        { expr: quantile(0.99, DURATION, MODEL), legend, line: "dotted" },
        { expr: "vector($slow_s)", legend: "slow", line: "limit" },
      ],
    },
    {
      kind: "heatmap",
      title: { en: "Duration heatmap", zh: "总耗时热力图" },
      description: {
        en: "Requests by duration. A line at a round number is usually a timeout. Points are traces.",
        zh: "按总耗时分布的请求。停在整数上的一条线通常是超时。点为链路。",
      },
      unit: "s",
      width: 12,
      height: 8,
      queries: [{ expr: heat(DURATION), legend: "{{le}}", exemplar: true }],
    },
    {
      kind: "timeseries",
      title: { en: "Requests over 5 s, per minute", zh: "每分钟超过 5 s 的请求" },
      description: {
        en: "Requests that took longer than 5 s. Compare with the traffic before calling it worse.",
        zh: "耗时超过 5 s 的请求。下结论前先与流量比较。",
      },
      unit: "suffix: /min",
      width: 8,
      height: 7,
      queries: [{ expr: `60 * (${observations(DURATION, MODEL)} - ${atMost(5, DURATION, MODEL)})`, legend }],
    },
    {
      kind: "timeseries",
      title: { en: "Answered within 5 s", zh: "5 s 内完成的占比" },
      description: {
        en: "Requests that ended well within 5 s divided by all requests: a simple service level.",
        zh: "5 s 内正常结束的请求除以全部请求：一个简单的服务水平。",
      },
      unit: "percentunit",
      width: 8,
      height: 7,
      queries: [{ expr: `${atMost(5, DURATION, [], 'outcome="ok"')} / ${observations()}`, legend: "≤ 5 s" }],
    },
    {
      kind: "timeseries",
      title: { en: "Seconds per 100 output tokens", zh: "每 100 个输出 token 的秒数" },
      description: {
        en: "Summed duration divided by output tokens: durations made comparable when answers grow longer.",
        zh: "累计耗时除以输出 token：回答变长时耗时仍可比较。",
      },
      unit: "s",
      width: 8,
      height: 7,
      queries: [{ expr: `100 * ${summed(DURATION, MODEL)} / ${tokens("output", MODEL)}`, legend }],
    },
  ],
};

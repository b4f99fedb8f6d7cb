import { METRICS } from "@nexent/monitor-core";
import { counted, observations, quantile, summed, tokens } from "../expressions.ts";
import type { PanelSpec, RowSpec } from "../panel-spec.ts";

const stat = { kind: "stat", width: 3, height: 4 } as const;

const panels: readonly PanelSpec[] = [
  {
    ...stat,
    title: { en: "Requests", zh: "请求" },
    description: {
      en: "Finished attempts per second, failed ones included. Zero with applications running: see row Pipeline health.",
      zh: "每秒结束的尝试次数，含失败。应用在运行却为零：查看“采集健康”一行。",
    },
    unit: "reqps",
    queries: [{ expr: observations() }],
  },
  {
    ...stat,
    title: { en: "Error ratio", zh: "错误率" },
    description: {
      en: "Attempts with outcome error divided by all attempts. Cancelled is not an error. Red from 10 %: open row Errors.",
      zh: "结果为 error 的尝试除以全部尝试。取消不算错误。达到 10 % 变红：查看“错误”一行。",
    },
    unit: "percentunit",
    bounds: { amber: 0.01, red: 0.1 },
    queries: [
      {
        // `or vector(0)`: no error was counted yet, so zero is the truth here.
        expr: `(${counted(METRICS.llmErrorCount)} or vector(0)) / clamp_min(${observations()}, 1e-9)`,
      },
    ],
  },
  {
    ...stat,
    title: { en: "TTFT P95", zh: "首 token 延迟 P95" },
    description: {
      en: "Request sent to first generated delta of any kind; 95 % are faster. High: queue, prefill or a long prompt.",
      zh: "请求发出到第一个有内容的增量；95 % 的请求更快。偏高：排队、预填充或提示过长。",
    },
    unit: "s",
    queries: [{ expr: quantile(0.95, METRICS.llmTimeToFirstTokenSeconds) }],
  },
  {
    ...stat,
    title: { en: "Speed P50", zh: "生成速度 P50" },
    description: {
      en: "Decode rate of one request: time to first token is excluded. The end-to-end rate is another panel. Half are faster.",
      zh: "单个请求的解码速度，不含首 token 延迟；端到端速度是另一个面板。一半的请求更快。",
    },
    unit: "suffix: tok/s",
    bounds: { amber: 10, red: 5, below: true },
    queries: [{ expr: quantile(0.5, METRICS.llmTokenGenerationRate) }],
  },
  {
    ...stat,
    title: { en: "Speed P10 (slow tail)", zh: "生成速度 P10（慢尾）" },
    description: {
      en: "Decode rate that 90 % of the requests exceed: time to first token is excluded. Below 5 tokens/s people read faster than the model writes.",
      zh: "90 % 的请求都超过的解码速度，不含首 token 延迟。低于 5 tokens/s 时，人读得比模型写得快。",
    },
    unit: "suffix: tok/s",
    bounds: { amber: 10, red: 5, below: true },
    queries: [{ expr: quantile(0.1, METRICS.llmTokenGenerationRate) }],
  },
  {
    ...stat,
    title: { en: "Duration P95", zh: "总耗时 P95" },
    description: {
      en: "Request sent to end of response, failures included; 95 % are faster. Red from 10 s: open row Duration.",
      zh: "请求发出到回答结束，含失败；95 % 的请求更快。达到 10 s 变红：查看“总耗时”一行。",
    },
    unit: "s",
    bounds: { amber: 5, red: 10 },
    queries: [{ expr: quantile(0.95, METRICS.llmRequestDurationSeconds) }],
  },
  {
    ...stat,
    title: { en: "Output throughput", zh: "输出吞吐" },
    description: {
      en: "Output tokens of all requests per second of wall time. Not a speed: it grows with traffic.",
      zh: "全部请求每秒（墙上时间）的输出 token。它不是速度：流量越大越高。",
    },
    unit: "suffix: tok/s",
    queries: [{ expr: tokens("output") }],
  },
  {
    ...stat,
    title: { en: "In flight (mean)", zh: "进行中（平均）" },
    description: {
      en: "Mean number of open requests, by Little's law: summed durations per second. Rising at equal traffic: requests get slower.",
      zh: "按利特尔法则计算的平均并发：每秒累计的耗时。流量不变而上升：请求在变慢。",
    },
    unit: "short",
    queries: [{ expr: summed(METRICS.llmRequestDurationSeconds) }],
  },
];

/** Row 1: the state of things in eight numbers. */
export const NOW: RowSpec = { title: { en: "Now", zh: "当前" }, panels };

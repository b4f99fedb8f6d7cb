import { METRICS } from "@nexent/monitor-core";
import { counted, gauge, heat, quantile } from "../expressions.ts";
import type { RowSpec } from "../panel-spec.ts";

const half = { width: 12, height: 7 } as const;
const third = { width: 8, height: 7 } as const;

/** Row 9: inside the streams. */
export const STREAMS: RowSpec = {
  title: { en: "Streams", zh: "流" },
  panels: [
    {
      ...half,
      kind: "timeseries",
      title: { en: "In flight by phase", zh: "进行中（按阶段）" },
      description: {
        en: "Open requests at the moment of the scrape: waiting for the first token, or generating. Waiting grows first when a queue builds up.",
        zh: "抓取时刻的未完成请求：等待首 token 或正在生成。排队时先是“waiting”上升。",
      },
      unit: "short",
      queries: [{ expr: gauge(METRICS.llmRequestsInFlight, ["phase"]), legend: "{{phase}}" }],
    },
    {
      ...half,
      kind: "timeseries",
      title: { en: "Gap P99", zh: "间隔 P99" },
      description: {
        en: "Time between two counted chunks; 99 % are shorter. Far above 1 / speed: the stream stutters.",
        zh: "相邻两个有内容的块之间的时间；99 % 更短。远大于 1 / 速度：流在卡顿。",
      },
      unit: "s",
      queries: [{ expr: quantile(0.99, METRICS.llmInterChunkLatencySeconds, ["model"]), legend: "{{model}}" }],
    },
    {
      ...half,
      kind: "heatmap",
      title: { en: "Per-token heatmap", zh: "逐 token 热力图" },
      description: {
        en: "Tokens by the gap before them, where the tokens of each chunk are known.",
        zh: "按前一间隔分布的 token，仅限已知每块 token 数的流。",
      },
      unit: "s",
      queries: [{ expr: heat(METRICS.llmInterTokenLatencySeconds), legend: "{{le}}" }],
    },
    {
      ...half,
      kind: "timeseries",
      title: { en: "Stalls per minute", zh: "每分钟停顿" },
      description: {
        en: "Gaps of at least 2 s that are at least ten times the stream's median gap, by phase.",
        zh: "至少 2 s 且不少于该流间隔中位数十倍的停顿，按阶段。",
      },
      unit: "suffix: /min",
      queries: [
        {
          expr: `60 * ${counted(METRICS.llmStalls, ["model", "phase"])}`,
          legend: "{{model}} {{phase}}",
          mayBeEmpty: true,
        },
      ],
      noValue: { en: "no stalls", zh: "没有停顿" },
    },
    {
      ...third,
      kind: "timeseries",
      title: { en: "Streams inside a stall now", zh: "正在停顿的流" },
      description: {
        en: "Open streams that stand still at the moment of the scrape. Not zero for long: look at the upstream, not at the client.",
        zh: "抓取时刻处于停顿的未结束流。长时间不为零：检查上游，而不是客户端。",
      },
      unit: "short",
      queries: [{ expr: gauge(METRICS.llmStreamsStalled, ["model"]), legend: "{{model}}", mayBeEmpty: true }],
      noValue: { en: "no stalls", zh: "没有停顿" },
    },
    {
      ...third,
      kind: "timeseries",
      title: { en: "Slow by configured thresholds", zh: "按配置阈值的慢请求" },
      description: {
        en: "Requests beyond LLM_SLOW_REQUEST_THRESHOLD_SECONDS or below LLM_SLOW_TOKEN_RATE_THRESHOLD, per minute.",
        zh: "每分钟超过 LLM_SLOW_REQUEST_THRESHOLD_SECONDS 或低于 LLM_SLOW_TOKEN_RATE_THRESHOLD 的请求。",
      },
      unit: "suffix: /min",
      queries: [
        { expr: `60 * ${counted(METRICS.llmSlowRequests, ["reason"])}`, legend: "{{reason}}", mayBeEmpty: true },
      ],
      noValue: { en: "no slow requests", zh: "没有慢请求" },
    },
    {
      ...third,
      kind: "timeseries",
      title: { en: "Retries per minute", zh: "每分钟重试" },
      description: {
        en: "Failed attempts that were followed by another, by the kind of failure. Retries hide errors and add waiting.",
        zh: "失败后又重试的尝试，按失败类型。重试会掩盖错误并增加等待。",
      },
      unit: "suffix: /min",
      queries: [
        {
          expr: `60 * ${counted(METRICS.llmRetries, ["model", "error_type"])}`,
          legend: "{{model}} {{error_type}}",
          mayBeEmpty: true,
        },
      ],
      noValue: { en: "no retries", zh: "没有重试" },
    },
  ],
};

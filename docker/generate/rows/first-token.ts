import { METRICS } from "@nexent/monitor-core";
import { heat, quantile, summed, ttftAgainstYesterday } from "../expressions.ts";
import type { RowSpec } from "../panel-spec.ts";

const TTFT = METRICS.llmTimeToFirstTokenSeconds;
const MODEL = ["model"];
const legend = "{{model}}";

/** Row 3: how long people wait before anything appears. */
export const FIRST_TOKEN: RowSpec = {
  title: { en: "First token", zh: "首 token" },
  panels: [
    {
      kind: "timeseries",
      title: { en: "TTFT by model", zh: "各模型首 token 延迟" },
      description: {
        en: "Request sent to first generated delta of any kind (reasoning and tool calls count). Solid P50, dashed P95. Points are traces.",
        zh: "请求发出到第一个有内容的增量（推理与工具调用也算）。实线 P50，虚线 P95。点为链路。",
      },
      unit: "s",
      width: 12,
      height: 8,
      queries: [
        { expr: quantile(0.5, TTFT, MODEL), legend, exemplar: true },
        { expr: quantile(0.95, TTFT, MODEL), legend, line: "dashed" },
      ],
    },
    {
      kind: "heatmap",
      title: { en: "TTFT heatmap", zh: "首 token 延迟热力图" },
      description: {
        en: "Requests by time to first token. A second band above the first: requests that queue. Points are traces.",
        zh: "按首 token 延迟分布的请求。上方出现第二条带：请求在排队。点为链路。",
      },
      unit: "s",
      width: 12,
      height: 8,
      queries: [{ expr: heat(TTFT), legend: "{{le}}", exemplar: true }],
    },
    {
      kind: "timeseries",
      title: { en: "Wait share (streaming)", zh: "等待占比（流式）" },
      description: {
        en: "Time before the first token divided by the whole time, streaming requests. High: bound by queue or prefill, not by decode.",
        zh: "首 token 之前的时间除以总时间，仅流式请求。偏高：瓶颈在排队或预填充，而不是解码。",
      },
      unit: "percentunit",
      width: 8,
      height: 7,
      queries: [
        {
          expr: `${summed(TTFT, MODEL)} / ${summed(METRICS.llmRequestDurationSeconds, MODEL, "interval", 'stream="true"')}`,
          legend,
        },
      ],
    },
    {
      kind: "timeseries",
      title: { en: "First answer token P95", zh: "首个回答 token P95" },
      description: {
        en: "Request sent to first visible output, reasoning and tool calls left out. Far above TTFT: the model thinks first.",
        zh: "请求发出到第一个可见输出，不含推理与工具调用。远高于首 token 延迟：模型先在思考。",
      },
      unit: "s",
      width: 8,
      height: 7,
      queries: [{ expr: quantile(0.95, METRICS.llmTimeToFirstAnswerTokenSeconds, MODEL), legend }],
    },
    {
      kind: "timeseries",
      title: { en: "TTFT P95 against yesterday", zh: "首 token 延迟 P95 与昨日相比" },
      description: {
        en: "P95 of the last hour divided by the same hour yesterday, minus one. +50 % fires LLMTtftRegression.",
        zh: "最近一小时的 P95 除以昨日同一小时，再减一。+50 % 触发 LLMTtftRegression。",
      },
      unit: "percentunit",
      width: 8,
      height: 7,
      queries: [{ expr: ttftAgainstYesterday(), legend, mayBeEmpty: true }],
      noValue: { en: "needs data from yesterday", zh: "需要昨日的数据" },
    },
  ],
};

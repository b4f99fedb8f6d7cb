import { METRICS } from "@nexent/monitor-core";
import { atMost, heat, observations, quantile } from "../expressions.ts";
import type { RowSpec } from "../panel-spec.ts";

const SPEED = METRICS.llmTokenGenerationRate;
const MODEL = ["model"];
const legend = "{{model}}";

/** Row 2: how fast tokens come once they come. */
export const SPEED_ROW: RowSpec = {
  title: { en: "Speed", zh: "生成速度" },
  panels: [
    {
      kind: "timeseries",
      title: { en: "Speed by model", zh: "各模型生成速度" },
      description: {
        en: "Decode rate of one request: time to first token is excluded. The end-to-end rate is another panel. Solid P50, dashed P10 (slow tail), dotted the slow limit.",
        zh: "单个请求的解码速度，不含首 token 延迟；端到端速度是另一个面板。实线 P50，虚线 P10（慢尾），点线为慢速阈值。",
      },
      unit: "suffix: tok/s",
      width: 12,
      height: 8,
      queries: [
        { expr: quantile(0.5, SPEED, MODEL), legend, exemplar: true },
        { expr: quantile(0.1, SPEED, MODEL), legend, line: "dashed" },
        { expr: "vector($slow_tps)", legend: "slow", line: "limit" },
      ],
    },
    {
      kind: "heatmap",
      title: { en: "Speed heatmap", zh: "生成速度热力图" },
      description: {
        en: "Requests by decode rate (time to first token excluded). Two bands: two populations, e.g. a cold and a warm replica.",
        zh: "按解码速度（不含首 token 延迟）分布的请求。出现两条带：两类请求，例如冷热副本。",
      },
      unit: "suffix: tok/s",
      width: 12,
      height: 8,
      queries: [{ expr: heat(SPEED), legend: "{{le}}", exemplar: true }],
    },
    {
      kind: "timeseries",
      title: { en: "Share of streams at or below 10 tok/s", zh: "不超过 10 tok/s 的流占比" },
      description: {
        en: "Requests in buckets up to 10 tokens/s divided by all with a known rate. Rising: load or a slower replica.",
        zh: "速度不超过 10 tokens/s 的请求除以全部已知速度的请求。上升：负载或某个副本变慢。",
      },
      unit: "percentunit",
      width: 12,
      height: 7,
      queries: [{ expr: `${atMost(10, SPEED, MODEL)} / ${observations(SPEED, MODEL)}`, legend }],
    },
    {
      kind: "timeseries",
      title: { en: "End-to-end rate P50 (TTFT included)", zh: "端到端速度 P50（含首 token 延迟）" },
      description: {
        en: "Output tokens divided by the whole duration. Far below the speed: most of the time is waiting for the first token.",
        zh: "输出 token 除以总耗时。远低于生成速度：大部分时间在等第一个 token。",
      },
      unit: "suffix: tok/s",
      width: 12,
      height: 7,
      queries: [{ expr: quantile(0.5, METRICS.llmEndToEndTokenRate, MODEL), legend }],
    },
  ],
};

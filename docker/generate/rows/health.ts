import { METRICS } from "@nexent/monitor-core";
import type { RowSpec, Text } from "../panel-spec.ts";
import { bucket, count, total } from "../promql.ts";

const stat = { kind: "stat", width: 4, height: 5 } as const;

const CHECKS: Text = {
  en: [
    "1. **Is telemetry on?** `curl -s localhost:8000/metrics | grep nexent_monitor_state`: `active` must be 1.",
    "2. **Does the application answer?** The panel Targets shows 1 for each scraped process. Add yours in `docker/prometheus/targets/applications/`.",
    "3. **Was there a request?** `llm_requests_total` in Prometheus; `./docker/start-monitoring.sh` prints one to copy.",
    "4. **Filters and range**: model, operation and provider on All, the last hour.",
  ].join("\n"),
  zh: [
    "1. **遥测是否开启？** `curl -s localhost:8000/metrics | grep nexent_monitor_state`：`active` 应为 1。",
    "2. **应用是否可达？** “抓取目标”面板中每个进程应为 1。在 `docker/prometheus/targets/applications/` 中加入自己的应用。",
    "3. **有没有请求？** 在 Prometheus 查询 `llm_requests_total`；`./docker/start-monitoring.sh` 会打印一条可复制的请求。",
    "4. **筛选与时间**：模型、操作、服务商选 All，时间选最近一小时。",
  ].join("\n"),
};

/**
 * Exact while the sample is inside the look-back of five minutes; beyond it only a sub-query sees it, whose steps are a
 * minute apart.
 */
function sampleAge(samples: string): string {
  return `time() - max(timestamp(${samples}) or max_over_time(timestamp(${samples})[1h:1m]))`;
}

/** Row 10: why there may be nothing to see. */
export const HEALTH: RowSpec = {
  title: { en: "Pipeline health", zh: "采集健康" },
  panels: [
    {
      ...stat,
      title: { en: "Targets", zh: "抓取目标" },
      description: {
        en: "1 = the last scrape succeeded. 0: open Status > Targets in Prometheus, the error stands there.",
        zh: "1 = 最近一次抓取成功。0：在 Prometheus 的 Status > Targets 查看错误。",
      },
      unit: "short",
      queries: [{ expr: 'up{job=~".*llm.*|nexent.*"}', legend: "{{job}} {{instance}}" }],
    },
    {
      ...stat,
      title: { en: "Sample age", zh: "样本年龄" },
      description: {
        en: "Time since the last LLM sample, up to one hour back. LLMTelemetrySilent fires after five minutes.",
        zh: "距最近一个 LLM 样本的时间，最多回看一小时。超过五分钟触发 LLMTelemetrySilent。",
      },
      unit: "s",
      bounds: { amber: 60, red: 300 },
      queries: [{ expr: sampleAge(count(METRICS.llmRequestDurationSeconds)) }],
    },
    {
      ...stat,
      title: { en: "Series", zh: "序列数" },
      description: {
        en: "Time series of LLM families now. Near the limits of LLM_MONITOR_MAX_SERIES: too many label values.",
        zh: "当前 LLM 指标的时间序列数。接近 LLM_MONITOR_MAX_SERIES：标签值过多。",
      },
      unit: "short",
      queries: [{ expr: 'count({__name__=~"llm_.+"})' }],
    },
    {
      ...stat,
      title: { en: "Spans dropped", zh: "丢弃的 span" },
      description: {
        en: "Spans given up per second, by reason. Metrics are not affected. export_failed: is the collector up?",
        zh: "每秒放弃的 span（按原因），不影响指标。export_failed：检查 Collector 是否在运行。",
      },
      unit: "short",
      queries: [
        {
          expr: `sum by (reason) (rate(${total(METRICS.nexentMonitorSpansDropped)}[$__rate_interval]))`,
          legend: "{{reason}}",
          mayBeEmpty: true,
        },
      ],
      noValue: { en: "none", zh: "无" },
    },
    {
      ...stat,
      title: { en: "Own overhead P99", zh: "自身开销 P99" },
      description: {
        en: "Our own time at the start and the end of one request; 99 % are below.",
        zh: "每个请求开始与结束时我们自身的耗时；99 % 更低。",
      },
      unit: "s",
      queries: [
        {
          expr: `histogram_quantile(0.99, sum by (le) (rate(${bucket(METRICS.nexentMonitorOverheadSeconds)}[$__rate_interval])))`,
        },
      ],
    },
    {
      kind: "text",
      title: { en: "Nothing here? Four checks", zh: "没有数据？检查四处" },
      description: {
        en: "What to check, in this order, when panels are empty.",
        zh: "面板为空时，按此顺序检查这四处。",
      },
      width: 24,
      height: 6,
      content: CHECKS,
    },
  ],
};

import { METRICS } from "@nexent/monitor-core";
import { errorRatio, observations, quantile } from "../expressions.ts";
import type { PanelSpec, RowSpec, Text } from "../panel-spec.ts";

const DURATION = METRICS.llmRequestDurationSeconds;

/** Traffic, duration and errors by one label. */
function panelsBy(label: "operation" | "provider", name: Text): readonly PanelSpec[] {
  const legend = `{{${label}}}`;
  const gauge = { kind: "bargauge", width: 8, height: 6 } as const;
  return [
    {
      ...gauge,
      title: { en: `Requests by ${name.en}`, zh: `请求（按${name.zh}）` },
      description: {
        en: `Finished attempts of the selected range, failed ones included, by ${name.en}.`,
        zh: `按${name.zh}统计所选区间内结束的尝试次数，含失败。`,
      },
      unit: "short",
      queries: [{ expr: observations(DURATION, [label], "range"), legend }],
    },
    {
      ...gauge,
      title: { en: `Duration P95 by ${name.en}`, zh: `总耗时 P95（按${name.zh}）` },
      description: {
        en: `Request sent to end of response in the selected range, failures included; 95 % are faster. By ${name.en}.`,
        zh: `按${name.zh}：所选区间内请求发出到回答结束，含失败；95 % 的请求更快。`,
      },
      unit: "s",
      bounds: { amber: 5, red: 10 },
      queries: [{ expr: quantile(0.95, DURATION, [label], "range"), legend }],
    },
    {
      ...gauge,
      title: { en: `Error ratio by ${name.en}`, zh: `错误率（按${name.zh}）` },
      description: {
        en: `Failed attempts divided by all attempts of the selected range, by ${name.en}; 0 where there was traffic and no error.`,
        zh: `按${name.zh}：所选区间内失败的尝试除以全部尝试；有流量而无错误时为 0。`,
      },
      unit: "percentunit",
      bounds: { amber: 0.01, red: 0.1 },
      queries: [{ expr: errorRatio([label], "range"), legend }],
    },
  ];
}

/** Row 8: the same three numbers by operation and by provider. */
export const GROUPS: RowSpec = {
  title: { en: "Operation, provider", zh: "操作与服务商" },
  panels: [
    ...panelsBy("operation", { en: "operation", zh: "操作" }),
    ...panelsBy("provider", { en: "provider", zh: "服务商" }),
  ],
};

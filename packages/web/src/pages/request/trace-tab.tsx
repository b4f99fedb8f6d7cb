import type { RequestDetail } from "@nexent/monitor-api";
import { useMemo, type CSSProperties } from "react";
import { DataText } from "../../components/marks.tsx";
import { Panel } from "../../components/panel.tsx";
import { useFormat } from "../../format/format.ts";
import { useT } from "../../i18n/i18n-context.tsx";
import css from "./request.module.css";

type Span = RequestDetail["trace"][number];

/** The trace around this request, as a tree with its times. */
export function TraceTab({ detail }: { readonly detail: RequestDetail }) {
  const t = useT();
  const format = useFormat();
  const rows = useMemo(() => inTreeOrder(detail.trace), [detail.trace]);
  const startMs = Math.min(...detail.trace.map((span) => span.startMs));
  const endMs = Math.max(...detail.trace.map((span) => span.startMs + span.durationSeconds * 1e3));
  const widthMs = Math.max(1e-6, endMs - startMs);
  return (
    <Panel title={t("tab.trace")} n={String(rows.length)}>
      <div className={css["tableBox"]} role="group" aria-label={t("tab.trace")} tabIndex={0}>
        <table className={css["table"]}>
          <thead>
            <tr>
              <th scope="col">{t("trace.name")}</th>
              <th scope="col">{t("trace.service")}</th>
              <th scope="col" className={css["number"]}>
                {t("trace.start")}
              </th>
              <th scope="col" className={css["number"]}>
                {t("trace.duration")}
              </th>
              <th scope="col">{t("trace.bar")}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ span, depth }) => {
              const own = span.spanId === detail.request.spanId;
              const bar: CSSProperties = {
                left: `${((span.startMs - startMs) / widthMs) * 100}%`,
                width: `${((span.durationSeconds * 1e3) / widthMs) * 100}%`,
              };
              return (
                <tr key={span.spanId} className={own ? css["self"] : undefined}>
                  <td>
                    <span className={css["traceName"]} style={{ "--depth": Math.min(depth, 12) }}>
                      <DataText text={span.name} />
                      {own ? <span className="visually-hidden"> {t("trace.this")}</span> : null}
                      {span.error ? <span className={css["errorText"]}> {t("trace.error")}</span> : null}
                    </span>
                  </td>
                  <td>
                    <DataText text={span.service} />
                  </td>
                  <td className={css["number"]}>{format.duration((span.startMs - startMs) / 1e3)}</td>
                  <td className={css["number"]}>{format.duration(span.durationSeconds)}</td>
                  <td className={css["traceBar"]}>
                    <span style={bar} className={own ? css["own"] : undefined} />
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

/** Parents before children, siblings by start; spans without a known parent are roots. */
export function inTreeOrder(trace: readonly Span[]): readonly { readonly span: Span; readonly depth: number }[] {
  const known = new Set(trace.map((span) => span.spanId));
  const children = new Map<string, Span[]>();
  for (const span of trace) {
    const own = span.parentSpanId !== undefined && span.parentSpanId !== span.spanId && known.has(span.parentSpanId);
    const parent = own ? (span.parentSpanId ?? "") : "";
    children.set(parent, [...(children.get(parent) ?? []), span]);
  }
  const rows: { readonly span: Span; readonly depth: number }[] = [];
  const seen = new Set<string>();
  const stack = toVisit(children.get(""), 0);
  while (stack.length > 0) {
    const next = stack.pop();
    if (next === undefined || seen.has(next.span.spanId)) continue;
    seen.add(next.span.spanId);
    rows.push(next);
    stack.push(...toVisit(children.get(next.span.spanId), next.depth + 1));
  }
  // A cycle of parents has no root; its spans still belong to the trace.
  for (const span of trace) if (!seen.has(span.spanId)) rows.push({ span, depth: 0 });
  return rows;
}

function toVisit(spans: readonly Span[] | undefined, depth: number): { span: Span; depth: number }[] {
  return (spans ?? []).toSorted((a, b) => b.startMs - a.startMs).map((span) => ({ span, depth }));
}

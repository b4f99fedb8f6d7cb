import type { Hono } from "hono";
import type { ApiEnv } from "../http/api-context.ts";
import { instantValues, LOOKBACK_MS, rangeValues, steppedValues, type Evaluation } from "./evaluation.ts";
import { exemplarsOf } from "./exemplars.ts";
import { readExpression, readSelectors } from "./expression.ts";
import { secondsOf, valueText } from "./number-text.ts";
import type { Steps } from "./picked-samples.ts";
import { answering, type PrometheusContext, type Question } from "./prometheus-context.ts";
import { badParameter } from "./query-fault.ts";
import { durationOf, seriesRangeOf, stepsOf, timeOf } from "./query-params.ts";
import type { Point } from "./value-series.ts";

/** `/query`, `/query_range` and `/query_exemplars`. */
export function addQueryRoutes(app: Hono<ApiEnv>, context: PrometheusContext): void {
  const { store, clock } = context;

  const query = answering(context, async ({ params, signal }) => {
    const atMs = timeOf(params, "time", clock.wallMs());
    const seconds = secondsOf(Math.round(atMs));
    const expression = readExpression(params.get("query") ?? "");
    if (expression.kind === "number") return { resultType: "scalar", result: [seconds, valueText(expression.value)] };
    if (expression.kind === "string") return { resultType: "string", result: [seconds, expression.value] };
    const { selector } = expression;
    const steps = { startMs: Math.round(atMs), endMs: Math.round(atMs), stepMs: 1 };
    const evaluation: Evaluation = { store, selector, steps, lookbackMs: lookbackOf(params), signal };
    if (selector.rangeMs !== undefined) {
      return { resultType: "matrix", result: await rangeValues(evaluation, selector.rangeMs) };
    }
    const series = await instantValues(evaluation);
    return { resultType: "vector", result: series.map(({ metric, values }) => ({ metric, value: values[0] })) };
  });

  const queryRange = answering(context, async ({ params, signal }) => {
    const steps = stepsOf(params);
    const expression = readExpression(params.get("query") ?? "");
    if (expression.kind === "number")
      return { resultType: "matrix", result: [constantSeries(expression.value, steps)] };
    if (expression.kind === "string") throw wrongType("string");
    const { selector } = expression;
    if (selector.rangeMs !== undefined) throw wrongType("range vector");
    const result = await steppedValues({ store, selector, steps, lookbackMs: lookbackOf(params), signal });
    return { resultType: "matrix", result };
  });

  const queryExemplars = answering(context, ({ params, signal }: Question) =>
    exemplarsOf(store, readSelectors(params.get("query") ?? ""), seriesRangeOf(params), signal),
  );

  for (const [path, handler] of [
    ["/api/v1/query", query],
    ["/api/v1/query_range", queryRange],
    ["/api/v1/query_exemplars", queryExemplars],
  ] as const) {
    app.on(["GET", "POST"], path, handler);
  }
}

function lookbackOf(params: URLSearchParams): number {
  const lookbackMs = durationOf(params, "lookback_delta");
  return lookbackMs === undefined || lookbackMs <= 0 ? LOOKBACK_MS : lookbackMs;
}

function constantSeries(value: number, { startMs, endMs, stepMs }: Steps): object {
  const values: Point[] = [];
  for (let atMs = startMs; atMs <= endMs; atMs += stepMs) values.push([secondsOf(atMs), valueText(value)]);
  return { metric: {}, values };
}

function wrongType(type: string): Error {
  return badParameter("query", `invalid expression type "${type}" for range query, must be Scalar or instant Vector`);
}

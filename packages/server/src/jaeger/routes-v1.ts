import type { SpanKind } from "@nexent/monitor-core";
import type { Context, Hono } from "hono";
import type { ApiEnv } from "../http/api-context.ts";
import { paramsOf } from "../http/request-params.ts";
import { ApiFault, badParameter } from "./api-fault.ts";
import { signalOf, type JaegerContext } from "./jaeger-context.ts";
import { jsonTraceOf, type JsonTrace } from "./json-trace.ts";
import { flagOf, microsOf, millisOf, traceIdOf } from "./query-params.ts";
import { EVER, searchOfV1, spanKindOf, traceIdsOf } from "./trace-search.ts";

const DEPENDENCY_LOOKBACK_NANOS = 86_400n * 1_000_000_000n;
const CUT = "the search was cut here: its traces have more spans than one answer may hold";

/** `/api/…` as Jaeger's v1 query service answers it. */
export function addRoutesV1(app: Hono<ApiEnv>, { store, clock }: JaegerContext): void {
  const nowUnixNanos = (): bigint => BigInt(Math.round(clock.wallMs())) * 1_000_000n;

  app.get("/api/services", async (c) => {
    const names = await store.spanNames(EVER, signalOf(c));
    return answer(c, [...new Set(names.map(({ service }) => service))]);
  });
  app.get("/api/services/:service/operations", async (c) => {
    const names = await store.spanNames(EVER, signalOf(c));
    const own = names.filter(({ service }) => service === c.req.param("service"));
    return answer(c, [...new Set(own.map(({ name }) => name))]);
  });
  app.get("/api/operations", async (c) => {
    const params = paramsOf(c);
    const service = params.get("service") ?? "";
    if (service === "") throw new ApiFault(400, "parameter 'service' is required");
    return answer(c, operationsOf(await store.spanNames(EVER, signalOf(c)), service, params.get("spanKind") ?? ""));
  });
  app.get("/api/traces", async (c) => {
    const params = paramsOf(c);
    const signal = signalOf(c);
    const asked = traceIdsOf(params);
    const ids = asked.length > 0 ? asked : await search(params, signal);
    const traces = await store.traces(ids, signal);
    const isCut = asked.length === 0 && traces.length < ids.length;
    return answer(
      c,
      traces.map((spans, at) => jsonTraceOf(spans, isCut && at === traces.length - 1 ? [CUT] : [])),
      missing(asked, traces),
    );
  });
  app.get("/api/traces/:id", async (c) => {
    const params = paramsOf(c);
    for (const name of ["start", "end"]) microsOf(name, params.get(name) ?? undefined);
    flagOf("raw", params.get("raw") ?? undefined);
    const spans = await store.trace(traceIdOf("traceID", c.req.param("id")), { signal: signalOf(c) });
    if (spans.length === 0) throw new ApiFault(404, "trace not found");
    return answer(c, [jsonTraceOf(spans)]);
  });
  app.get("/api/dependencies", async (c) => {
    const params = paramsOf(c);
    const to = millisOf("endTs", params.get("endTs") ?? undefined) ?? nowUnixNanos();
    const lookback = millisOf("lookback", params.get("lookback") ?? undefined) ?? DEPENDENCY_LOOKBACK_NANOS;
    const range = { fromUnixNanos: to > lookback ? to - lookback : 0n, toUnixNanos: to + 1n };
    const links = await store.serviceLinks(range, signalOf(c));
    return answer(
      c,
      links.map(({ parent, child, spans }) => ({ parent, child, callCount: spans })),
    );
  });
  for (const path of ["/api/metrics/*", "/api/transform", "/api/archive/*"]) {
    app.all(path, () => {
      throw new ApiFault(501, "not served here");
    });
  }

  async function search(params: URLSearchParams, signal: AbortSignal): Promise<readonly string[]> {
    const { filter, limit } = searchOfV1(params, nowUnixNanos());
    return (await store.searchTraces(filter, limit, signal)).map(({ traceId }) => traceId);
  }
}

/** Operations of a service; an empty kind means every kind. @throws {ApiFault} */
export function operationsOf(
  names: readonly { readonly service: string; readonly name: string; readonly kind: SpanKind }[],
  service: string,
  spanKind: string,
): readonly { readonly name: string; readonly spanKind: string }[] {
  const wanted = spanKindOf(spanKind);
  if (spanKind !== "" && wanted === undefined) throw badParameter("spanKind", "unknown span kind");
  return names
    .filter((one) => one.service === service && (wanted === undefined || one.kind === wanted))
    .map(({ name, kind }) => ({ name, spanKind: kind === "unspecified" ? "" : kind }));
}

/** What Jaeger answers to an error, with the same status. */
export function answerErrorV1(c: Context<ApiEnv>, { status, message }: ApiFault): Response {
  const errors = [{ code: status, msg: message }];
  return c.json({ data: null, total: 0, limit: 0, offset: 0, errors }, status);
}

function answer(c: Context<ApiEnv>, data: readonly unknown[], errors: readonly object[] = []): Response {
  return c.json({ data, total: data.length, limit: 0, offset: 0, errors: errors.length === 0 ? null : errors });
}

/** Traces asked for by id that there are none of; the others are answered. */
function missing(asked: readonly string[], traces: readonly (readonly { span: { traceId: string } }[])[]) {
  const found = new Set(traces.map(([first]) => first?.span.traceId));
  return asked
    .filter((id) => !found.has(id))
    .map((traceID): { code: number; msg: string } & Pick<JsonTrace, "traceID"> => ({
      code: 404,
      msg: "trace not found",
      traceID,
    }));
}

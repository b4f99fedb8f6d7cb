import type { StoredSpan } from "@nexent/monitor-store";
import type { Context, Hono } from "hono";
import type { ApiEnv } from "../http/api-context.ts";
import { paramsOf } from "../http/request-params.ts";
import { ApiFault } from "./api-fault.ts";
import { signalOf, type JaegerContext } from "./jaeger-context.ts";
import { resourceSpansOf } from "./otlp-trace.ts";
import { flagOf, rfc3339Of, traceIdOf } from "./query-params.ts";
import { operationsOf } from "./routes-v1.ts";
import { EVER, searchOfV3 } from "./trace-search.ts";
import { traceSummaryOf } from "./trace-summary.ts";

/** `/api/v3/…` as Jaeger's v3 query service answers it: OTLP JSON. */
export function addRoutesV3(app: Hono<ApiEnv>, { store }: JaegerContext): void {
  app.get("/api/v3/services", async (c) => {
    const names = await store.spanNames(EVER, signalOf(c));
    return c.json({ services: [...new Set(names.map(({ service }) => service))] });
  });
  app.get("/api/v3/operations", async (c) => {
    const params = paramsOf(c);
    const service = params.get("service") ?? "";
    if (service === "") throw new ApiFault(400, "parameter 'service' is required");
    const kind = params.get("spanKind") ?? params.get("span_kind") ?? "";
    return c.json({ operations: operationsOf(await store.spanNames(EVER, signalOf(c)), service, kind) });
  });
  app.get("/api/v3/traces/:id", async (c) => {
    const params = paramsOf(c);
    for (const name of ["startTime", "endTime"]) rfc3339Of(name, params.get(name) ?? undefined);
    flagOf("rawTraces", params.get("rawTraces") ?? undefined);
    const spans = await store.trace(traceIdOf("trace_id", c.req.param("id")), { signal: signalOf(c) });
    if (spans.length === 0) throw new ApiFault(404, "trace not found");
    return c.json({ result: { resourceSpans: resourceSpansOf(spans) } });
  });
  app.get("/api/v3/traces", async (c) => {
    const traces = await search(c);
    if (traces.length === 0) throw new ApiFault(404, "No traces found");
    return c.json({ result: { resourceSpans: traces.flatMap(resourceSpansOf) } });
  });
  app.get("/api/v3/trace-summaries", async (c) => c.json({ summaries: (await search(c)).map(traceSummaryOf) }));

  async function search(c: Context<ApiEnv>): Promise<readonly (readonly StoredSpan[])[]> {
    const signal = signalOf(c);
    const { filter, limit } = searchOfV3(paramsOf(c));
    const matches = await store.searchTraces(filter, limit, signal);
    return await store.traces(
      matches.map(({ traceId }) => traceId),
      signal,
    );
  }
}

/** What Jaeger's v3 answers to an error, with the same status. */
export function answerErrorV3(c: Context<ApiEnv>, { status, message }: ApiFault): Response {
  return c.json({ error: { httpCode: status, message } }, status);
}

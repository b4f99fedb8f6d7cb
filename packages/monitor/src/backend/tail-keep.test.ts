import { createMetricRegistry } from "@nexent/monitor-core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readMonitorConfig } from "../config/config.ts";
import { attributesOf, startOtlpServer, type OtlpServer } from "../testing/otlp-server.testing.ts";
import type { SpanBackend, SpanStart } from "./backend.ts";
import { createBackend } from "./create-backend.ts";

const UNSAMPLED = { traceId: "1".repeat(32), spanId: "2".repeat(16), traceFlags: 0, traceState: "ot=th:c;x:1,other=1" };
const CALL: Pick<SpanStart, "kind" | "attributes"> = {
  kind: "client",
  attributes: { "gen_ai.operation.name": "chat" },
};
const T0 = 1_700_000_000_000_000;

let server: OtlpServer;
let backend: SpanBackend;
let text: () => string;

function start(env: Record<string, string> = {}): void {
  const config = readMonitorConfig({
    ENABLE_TELEMETRY: "true",
    TELEMETRY_SAMPLE_RATE: "0",
    OTEL_EXPORTER_OTLP_ENDPOINT: server.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
    OTEL_BSP_SCHEDULE_DELAY: "60000",
    ...env,
  });
  const registry = createMetricRegistry();
  backend = createBackend(config, { registry, version: "1.2.3", context: false }).backend;
  text = () => registry.expose("text");
}

beforeEach(async () => {
  server = await startOtlpServer();
});

afterEach(async () => {
  await backend.shutdown(500);
  await server.close();
});

/** Names and reasons of everything exported so far. */
async function exported(): Promise<[string, unknown][]> {
  await backend.flush(2000);
  return server.spans().map((span) => [span.name, attributesOf(span)["sampling.reason"]]);
}

/** A child of `parent`, as a caller that passes parents itself starts it. */
function under(parent: { readonly context: SpanStart["parent"] | undefined }, start: SpanStart) {
  return backend.startSpan({ ...start, ...(parent.context !== undefined && { parent: parent.context }) });
}

describe("a trace that is not head-sampled", () => {
  it("is exported whole, as sampled and without a probability, when a span demands it", async () => {
    start();
    const root = backend.startSpan({ name: "root", kind: "server", parent: UNSAMPLED });
    const call = under(root, { name: "call", ...CALL });
    under(call, { name: "attempt", kind: "client" }).end({ error: "timeout" });
    expect(call.keep("stalled")).toBe(true);
    call.end();
    expect(await exported()).toEqual([]);
    root.end();
    expect(await exported()).toEqual([
      ["attempt", "stalled"],
      ["call", "stalled"],
      ["root", "stalled"],
    ]);
    for (const span of server.spans()) {
      expect(span).toMatchObject({ traceId: UNSAMPLED.traceId, traceState: "ot=x:1,other=1" });
      expect((span.flags ?? 0) & 1).toBe(1);
    }
    expect(server.spans().map(({ parentSpanId }) => parentSpanId)).toEqual([
      call.context?.spanId,
      root.context?.spanId,
      UNSAMPLED.spanId,
    ]);
    expect(text()).toContain('nexent_monitor_traces_kept_total{reason="stalled"} 1');
    expect(text()).toContain("nexent_monitor_trace_buffer_traces 0");
  });

  it.each([
    ["its local root fails", "error", { error: "boom", endUnixMicros: T0 + 1 }],
    ["its local root takes longer than the slow threshold", "slow", { endUnixMicros: T0 + 5_000_001 }],
  ])("is kept when %s", async (_, reason, end) => {
    start();
    backend.startSpan({ name: "root", kind: "internal", startUnixMicros: T0 }).end(end);
    expect(await exported()).toEqual([["root", reason]]);
  });

  it("is forgotten when all went well, whatever else happened in it", async () => {
    start();
    const root = backend.startSpan({ name: "root", kind: "internal", startUnixMicros: T0 });
    under(root, { name: "query", kind: "client", startUnixMicros: T0 }).end({ error: "no such table" });
    const tool = { name: "tool", kind: "internal", attributes: { "gen_ai.operation.name": "execute_tool" } } as const;
    under(root, tool).end({ error: "no such tool" });
    expect(text()).toContain("nexent_monitor_trace_buffer_traces 1");
    root.end({ endUnixMicros: T0 + 5_000_000 });
    expect(await exported()).toEqual([]);
    expect(text()).not.toContain("nexent_monitor_traces_kept_total");
    expect(text()).toContain("nexent_monitor_trace_buffer_traces 0");
  });

  it("is kept for an LLM span of somebody else that failed, also when it outlives the local root", async () => {
    start();
    const root = backend.startSpan({ name: "root", kind: "internal" });
    const call = under(root, { name: "foreign call", ...CALL });
    root.end();
    expect(await exported()).toEqual([]);
    call.end({ error: "429" });
    expect(await exported()).toEqual([
      ["root", "error"],
      ["foreign call", "error"],
    ]);
  });

  it("is exported as far as it goes when the process stops in the middle of it", async () => {
    start();
    const root = backend.startSpan({ name: "root", kind: "internal" });
    const call = under(root, { name: "call", ...CALL });
    call.keep("error");
    call.end({ error: "timeout" });
    await backend.shutdown(1000);
    expect(server.spans().map(({ name }) => name)).toEqual(["call"]);
  });

  it("meets the bounds of the configuration", async () => {
    start({ LLM_MONITOR_TAIL_MAX_TRACES: "2", LLM_MONITOR_TAIL_MAX_SPANS: "1" });
    const roots = ["a", "b", "c"].map((name) => backend.startSpan({ name, kind: "internal" }));
    expect(text()).toContain('nexent_monitor_traces_evicted_total{reason="traces"} 1');
    expect(text()).toContain("nexent_monitor_trace_buffer_traces 2");
    for (const root of roots) for (const name of ["x", "y"]) under(root, { name, kind: "internal" }).end();
    expect(text()).toContain('nexent_monitor_traces_evicted_total{reason="spans"} 2');
    for (const root of roots) root.end();
    expect(await exported()).toEqual([]);
  });
});

describe("a head-sampled trace", () => {
  it("leaves span by span and says so", async () => {
    start({ TELEMETRY_SAMPLE_RATE: "1" });
    const root = backend.startSpan({ name: "root", kind: "internal" });
    const call = under(root, { name: "call", ...CALL });
    expect(call.keep("error")).toBe(true);
    call.end({ error: "timeout" });
    expect(await exported()).toEqual([["call", "head"]]);
    root.end();
    expect(await exported()).toEqual([
      ["call", "head"],
      ["root", "head"],
    ]);
    expect(server.spans()[0]?.traceState).toBe("ot=th:0");
    expect(text()).toContain('nexent_monitor_traces_kept_total{reason="head"} 1');
  });
});

import { createMetricRegistry } from "@nexent/monitor-core";
import { describe, expect, it } from "vitest";
import { createNoopBackend } from "../backend/noop.ts";
import { createHttpWatcher, parseTraceparent, type HttpWatcher } from "./http-span.ts";
import { createCollectingBackend, type CollectedSpan } from "../testing/collecting-backend.testing.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";
const TRACEPARENT = `00-${TRACE}-${SPAN}-01`;

describe("traceparent", () => {
  it("is read when it is valid, with its tracestate", () => {
    expect(parseTraceparent(TRACEPARENT, "a=1")).toEqual({
      traceId: TRACE,
      spanId: SPAN,
      traceFlags: 1,
      traceState: "a=1",
    });
    expect(parseTraceparent(`00-${TRACE}-${SPAN}-00`)).toEqual({ traceId: TRACE, spanId: SPAN, traceFlags: 0 });
  });

  it("is ignored when it is anything else", () => {
    const bad = [
      undefined,
      "",
      `ff-${TRACE}-${SPAN}-01`,
      `00-${"0".repeat(32)}-${SPAN}-01`,
      `00-${TRACE}-${"0".repeat(16)}-01`,
      `00-${TRACE.toUpperCase()}-${SPAN}-01`,
      `00-${TRACE}-${SPAN}-01-x`,
    ];
    for (const value of bad) expect(parseTraceparent(value)).toBeUndefined();
  });

  it("keeps a tracestate only up to its bound", () => {
    expect(parseTraceparent(TRACEPARENT, "x".repeat(513))).not.toHaveProperty("traceState");
  });
});

function createWatched(): HttpWatcher & {
  readonly backend: ReturnType<typeof createCollectingBackend>;
  readonly span: CollectedSpan;
  readonly counts: string[];
} {
  const backend = createCollectingBackend();
  const registry = createMetricRegistry();
  return {
    ...createHttpWatcher({ backend, registry, wallMs: () => 1_700_000_000_000 }),
    backend,
    get span() {
      return backend.spans.at(-1) ?? expect.fail("no span");
    },
    get counts() {
      const lines = registry.expose("text").split("\n");
      return lines.filter((line) => line.startsWith("http_server_request_duration_seconds_count"));
    },
  };
}

describe("a watched request", () => {
  it("takes its name from the last pattern it is told, and ends once", () => {
    const watched = createWatched();
    const watch = watched.start({ method: "GET" });
    expect(watched.span.name).toBe("GET");
    watch.matched("/users/:id");
    watch.matched("");
    watch.end(200);
    watch.end(500);
    watch.matched("/late");
    expect([watched.span.name, watched.span.error]).toEqual(["GET /users/:id", undefined]);
    expect(watched.counts).toEqual([
      'http_server_request_duration_seconds_count{http_request_method="GET",http_route="/users/:id",http_response_status_code="200"} 1',
    ]);
  });

  it.each([
    [200, undefined, undefined, 0],
    [undefined, undefined, undefined, 0],
    [503, undefined, "overloaded", 0],
    [500, new Error("mine"), "server_error", 1],
    [404, new Error("refused"), undefined, 0],
    [200, new Error("in the middle of the body"), "application", 1],
    [undefined, new Error("before the head"), "application", 1],
  ])("with status %s and %s has the error type %s", (status, error, errorType, exceptions) => {
    const watched = createWatched();
    const watch = watched.start({ method: "POST", route: "/ask" });
    if (error !== undefined) watch.failed(error);
    watch.end(status);
    const { attributes, events, error: spanError } = watched.span;
    expect([attributes["error.type"], spanError, events.length]).toEqual([
      errorType,
      errorType === undefined ? undefined : true,
      exceptions,
    ]);
    expect(attributes["http.response.status_code"]).toBe(status);
  });

  it("makes no label of a method that HTTP does not know", () => {
    const watched = createWatched();
    watched.start({ method: "BREW" }).end(405);
    expect(watched.span.name).toBe("HTTP");
    expect(watched.span.attributes).toMatchObject({
      "http.request.method": "_OTHER",
      "http.request.method_original": "BREW",
    });
    expect(watched.counts[0]).toContain('http_request_method="_OTHER"');
  });

  it("folds patterns beyond their limit, so that raw URLs cannot fill the registry", () => {
    const watched = createWatched();
    for (let i = 0; i < 300; i += 1) watched.start({ method: "GET", route: `/raw/${i}` }).end(200);
    expect(watched.counts).toHaveLength(201);
    expect(watched.counts.at(-1)).toMatch(/http_route="__overflow__".* 100$/);
  });

  it("hands the caller's context on where no span is kept", () => {
    const watcher = createHttpWatcher({ backend: createNoopBackend(), registry: createMetricRegistry() });
    expect(watcher.start({ method: "GET", traceparent: TRACEPARENT }).context?.traceId).toBe(TRACE);
    expect(watcher.start({ method: "GET" }).context).toBeUndefined();
  });

  it("goes under the span of a host that traces HTTP itself, and else under the caller's", () => {
    const backend = createCollectingBackend();
    const registry = createMetricRegistry();
    const outer = backend.startSpan({ name: "host", kind: "server" });
    const parentOf = (prefersActive: boolean): string | undefined =>
      backend.withSpan(outer, () => {
        createHttpWatcher({ backend, registry, prefersActive }).start({ method: "GET", traceparent: TRACEPARENT });
        return backend.spans.at(-1)?.parentSpanId;
      });
    expect([parentOf(true), parentOf(false)]).toEqual([outer.context?.spanId, SPAN]);
  });
});

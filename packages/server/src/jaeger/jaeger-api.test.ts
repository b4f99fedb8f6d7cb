import type { AttributeValue, SpanRecord } from "@nexent/monitor-core";
import { createMemoryStore, type TraceStore } from "@nexent/monitor-store";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { silentLog } from "../log.ts";
import { rawRequest } from "../testing/raw-http.ts";
import { createJaegerApi } from "./jaeger-api.ts";

/** 2026-11-24T10:00:00Z. */
const START = 1_795_514_400_000_000_000n;
const TRACE = "00000000000000000000000000000abc";
const OTHER = "f0000000000000000000000000000def";
const MICROS = Number(START / 1_000n);

function resource(service: string): SpanRecord["resource"] {
  return {
    service,
    attributes: new Map<string, AttributeValue>([
      ["service.name", service],
      ["host.name", "h1"],
    ]),
  };
}

const ROOT: SpanRecord = {
  traceId: TRACE,
  spanId: "00000000000000a1",
  flags: 257,
  name: "GET /ask",
  kind: "server",
  startUnixNanos: START,
  durationNanos: 2_500_000_000n,
  status: "unset",
  resource: resource("web"),
  attributes: new Map<string, AttributeValue>([["http.response.status_code", 200]]),
  events: [],
  links: [],
};
const CHAT: SpanRecord = {
  ...ROOT,
  spanId: "00000000000000a2",
  parentSpanId: "00000000000000a1",
  name: "chat gpt-4o",
  kind: "client",
  startUnixNanos: START + 1_000_999n,
  durationNanos: 2_000_000_000n,
  status: "error",
  statusMessage: "timeout",
  scope: "@nexent/monitor",
  traceState: "ot=th:8",
  resource: resource("llm"),
  attributes: new Map<string, AttributeValue>([
    ["gen_ai.request.model", "gpt-4o"],
    ["ratio", 0.5],
    ["big", 2n ** 60n],
    ["ok", true],
    ["bytes", Uint8Array.of(0, 255)],
    ["list", ["a", 1]],
  ]),
  events: [{ name: "first", timeUnixNanos: START + 5_000_000n, attributes: new Map([["at", 5]]) }],
  links: [{ traceId: OTHER, spanId: "00000000000000ff", attributes: new Map() }],
};
const LATER: SpanRecord = {
  ...ROOT,
  traceId: OTHER,
  spanId: "00000000000000b1",
  parentSpanId: "0000000000000099",
  startUnixNanos: START + 60_000_000_000n,
  durationNanos: 5_000_000n,
};

let store: TraceStore;
let api: ReturnType<typeof createJaegerApi>;
let url = "";

function createApi(readToken?: string) {
  return createJaegerApi({
    host: "127.0.0.1",
    allowedHosts: [],
    readToken,
    store,
    clock: { wallMs: () => Number(START / 1_000_000n) + 3_600_000, monotonicMs: () => 0 },
    log: silentLog,
    isReady: () => true,
    dashboardUrl: () => "http://127.0.0.1:3005",
  });
}

beforeAll(async () => {
  store = createMemoryStore();
  await store.write({ spans: [ROOT, CHAT, LATER] });
  api = createApi();
  url = `http://127.0.0.1:${await api.start(0)}`;
});

afterAll(async () => {
  await api.stop(0);
  await store.close();
});

async function get(path: string): Promise<unknown> {
  const answer = await fetch(url + path);
  expect(answer.status, path).toBe(200);
  return await answer.json();
}

async function refusal(path: string): Promise<readonly [number, unknown]> {
  const answer = await fetch(url + path);
  return [answer.status, await answer.json()];
}

/** Trace ids of a v1 search. */
async function found(query: string): Promise<readonly string[]> {
  const { data } = (await get(`/api/traces?${query}`)) as { readonly data: readonly { readonly traceID: string }[] };
  return data.map(({ traceID }) => traceID);
}

/** Spans of a v3 answer. */
function spansOf(answer: unknown): readonly { readonly name: string; readonly startTimeUnixNano: string }[] {
  const { result } = answer as { readonly result: { readonly resourceSpans: readonly never[] } };
  return result.resourceSpans.flatMap(({ scopeSpans }: { scopeSpans: { spans: never[] }[] }) =>
    scopeSpans.flatMap(({ spans }) => spans),
  );
}

function envelope(data: readonly unknown[]): object {
  return { data, total: data.length, limit: 0, offset: 0, errors: null };
}

const RANGE = `start=${MICROS - 1}&end=${MICROS + 120_000_000}`;

describe("Jaeger API v1", () => {
  it("lists services and operations", async () => {
    expect(await get("/api/services")).toEqual(envelope(["llm", "web"]));
    expect(await get("/api/services/llm/operations")).toEqual(envelope(["chat gpt-4o"]));
    expect(await get("/api/services/unknown/operations")).toEqual(envelope([]));
    expect(await get("/api/operations?service=web")).toEqual(envelope([{ name: "GET /ask", spanKind: "server" }]));
    expect(await get("/api/operations?service=web&spanKind=client")).toEqual(envelope([]));
  });

  it("answers one trace in Jaeger's shape", async () => {
    expect(await get("/api/traces/abc")).toEqual(
      envelope([
        {
          traceID: TRACE,
          spans: [
            {
              traceID: TRACE,
              spanID: "00000000000000a1",
              flags: 1,
              operationName: "GET /ask",
              references: [],
              startTime: MICROS,
              duration: 2_500_000,
              tags: [
                { key: "http.response.status_code", type: "int64", value: 200 },
                { key: "span.kind", type: "string", value: "server" },
              ],
              logs: [],
              processID: "p1",
              warnings: null,
            },
            {
              traceID: TRACE,
              spanID: "00000000000000a2",
              flags: 1,
              operationName: "chat gpt-4o",
              references: [
                { refType: "CHILD_OF", traceID: TRACE, spanID: "00000000000000a1" },
                { refType: "FOLLOWS_FROM", traceID: OTHER, spanID: "00000000000000ff" },
              ],
              startTime: MICROS + 1_000,
              duration: 2_000_000,
              tags: [
                { key: "gen_ai.request.model", type: "string", value: "gpt-4o" },
                { key: "ratio", type: "float64", value: 0.5 },
                { key: "big", type: "int64", value: "1152921504606846976" },
                { key: "ok", type: "bool", value: true },
                { key: "bytes", type: "binary", value: "AP8=" },
                { key: "list", type: "string", value: '["a",1]' },
                { key: "span.kind", type: "string", value: "client" },
                { key: "otel.status_code", type: "string", value: "ERROR" },
                { key: "otel.status_description", type: "string", value: "timeout" },
                { key: "error", type: "bool", value: true },
                { key: "otel.scope.name", type: "string", value: "@nexent/monitor" },
                { key: "w3c.tracestate", type: "string", value: "ot=th:8" },
              ],
              logs: [
                {
                  timestamp: MICROS + 5_000,
                  fields: [
                    { key: "event", type: "string", value: "first" },
                    { key: "at", type: "int64", value: 5 },
                  ],
                },
              ],
              processID: "p2",
              warnings: null,
            },
          ],
          processes: {
            p1: { serviceName: "web", tags: [{ key: "host.name", type: "string", value: "h1" }] },
            p2: { serviceName: "llm", tags: [{ key: "host.name", type: "string", value: "h1" }] },
          },
          warnings: null,
        },
      ]),
    );
  });

  it("says 404 for an unknown trace and 400 for an impossible one", async () => {
    const nothing = { data: null, total: 0, limit: 0, offset: 0 };
    expect(await refusal("/api/traces/123")).toEqual([
      404,
      { ...nothing, errors: [{ code: 404, msg: "trace not found" }] },
    ]);
    expect(await refusal("/api/traces/xyz")).toEqual([
      400,
      {
        ...nothing,
        errors: [{ code: 400, msg: "unable to parse parameter 'traceID': a trace id has 1 to 32 hex digits" }],
      },
    ]);
  });

  it("searches with every parameter, newest first", async () => {
    expect(await found(`service=web&${RANGE}`)).toEqual([OTHER, TRACE]);
    expect(await found(`service=web&${RANGE}&limit=1`)).toEqual([OTHER]);
    expect(await found("service=web&lookback=1h")).toEqual([OTHER, TRACE]);
    expect(await found(`service=web&start=${MICROS}&end=${MICROS}`)).toEqual([TRACE]);
    expect(await found(`service=web&start=${MICROS + 1}&end=${MICROS + 2}`)).toEqual([]);
    expect(await found(`service=llm&operation=chat%20gpt-4o&${RANGE}&raw=true`)).toEqual([TRACE]);
    expect(await found(`service=web&operation=chat%20gpt-4o&${RANGE}`)).toEqual([]);
    expect(await found(`service=web&${RANGE}&minDuration=1s`)).toEqual([TRACE]);
    expect(await found(`service=web&${RANGE}&maxDuration=100ms`)).toEqual([OTHER]);
    expect(await found(`service=web&${RANGE}&minDuration=5ms&maxDuration=5ms`)).toEqual([OTHER]);
    expect(await found(`service=llm&${RANGE}&tag=ratio:0.5&tag=ok:true`)).toEqual([TRACE]);
    expect(await found(`service=llm&${RANGE}&tag=ratio:0.6`)).toEqual([]);
    expect(await found(`service=llm&${RANGE}&tags=${encodeURIComponent('{"host.name":"h1","error":"true"}')}`)).toEqual(
      [TRACE],
    );
    expect(await found(`service=web&${RANGE}&tag=error:true`)).toEqual([]);
    expect(await found(`service=web&${RANGE}&tag=span.kind:server&tag=http.response.status_code:200`)).toEqual([
      OTHER,
      TRACE,
    ]);
    expect(await found(`service=llm&${RANGE}&tag=otel.status_code:ERROR`)).toEqual([TRACE]);
    expect(await found("service=nobody")).toEqual([]);
  });

  it("answers several traces by id and names the unknown ones", async () => {
    expect(await found(`traceID=abc&traceID=${OTHER}`)).toEqual([TRACE, OTHER]);
    expect(await get("/api/traces?traceID=abc&traceID=1")).toMatchObject({
      total: 1,
      errors: [{ code: 404, msg: "trace not found", traceID: "1".padStart(32, "0") }],
    });
  });

  it("names the parameter that is wrong", async () => {
    const problems: readonly (readonly [string, string])[] = [
      ["", "service"],
      ["service=", "service"],
      ["service=a&start=x", "start"],
      ["service=a&end=-1", "end"],
      ["service=a&start=2&end=1", "ends before"],
      ["service=a&limit=0", "limit"],
      ["service=a&minDuration=5", "minDuration"],
      ["service=a&minDuration=2s&maxDuration=1s", "maxDuration"],
      ["service=a&tag=nocolon", "tag"],
      ["service=a&tags=[]", "tags"],
      ["service=a&tags={", "tags"],
      ['service=a&tags={"a":1}', "tags"],
      ["service=a&raw=maybe", "raw"],
      ["traceID=xyz", "traceID"],
    ];
    for (const [query, named] of problems) {
      const [status, body] = await refusal(`/api/traces?${query}`);
      expect([status, JSON.stringify(body)], query).toEqual([400, expect.stringContaining(named)]);
    }
    expect((await refusal("/api/operations"))[0]).toBe(400);
    expect((await refusal("/api/operations?service=a&spanKind=odd"))[0]).toBe(400);
  });

  it("counts calls between services in the range", async () => {
    const endTs = Number(START / 1_000_000n) + 60_000;
    expect(await get(`/api/dependencies?endTs=${endTs}&lookback=120000`)).toEqual(
      envelope([{ parent: "web", child: "llm", callCount: 1 }]),
    );
    expect(await get("/api/dependencies")).toEqual(envelope([{ parent: "web", child: "llm", callCount: 1 }]));
    expect(await get(`/api/dependencies?endTs=${endTs}&lookback=1`)).toEqual(envelope([]));
    expect((await refusal("/api/dependencies?endTs=soon"))[0]).toBe(400);
  });

  it("says 501 for what it cannot serve and 404 for what does not exist", async () => {
    for (const path of [
      "/api/metrics/latencies?service=a",
      "/api/metrics/calls",
      "/api/archive/abc",
      "/api/transform",
    ]) {
      expect((await refusal(path))[0], path).toBe(501);
    }
    expect((await refusal("/api/nothing"))[0]).toBe(404);
    expect((await refusal("/elsewhere"))[0]).toBe(404);
  });
});

describe("Jaeger API v3", () => {
  const times = "query.startTimeMin=2026-11-24T09:59:59Z&query.startTimeMax=2026-11-24T11:00:00.5%2B00:00";

  it("lists services and operations", async () => {
    expect(await get("/api/v3/services")).toEqual({ services: ["llm", "web"] });
    expect(await get("/api/v3/operations?service=llm&span_kind=client")).toEqual({
      operations: [{ name: "chat gpt-4o", spanKind: "client" }],
    });
    expect(await refusal("/api/v3/operations")).toEqual([
      400,
      { error: { httpCode: 400, message: "parameter 'service' is required" } },
    ]);
  });

  it("answers one trace as OTLP", async () => {
    const answer = await get(`/api/v3/traces/${TRACE}?startTime=2026-11-24T10:00:00Z&rawTraces=true`);
    expect(answer).toMatchObject({
      result: {
        resourceSpans: [
          {
            resource: { attributes: [{ key: "service.name", value: { stringValue: "web" } }, { key: "host.name" }] },
            scopeSpans: [{ scope: {}, spans: [{ name: "GET /ask", kind: 2, flags: 257, status: {} }] }],
          },
          {
            scopeSpans: [
              {
                scope: { name: "@nexent/monitor" },
                spans: [
                  {
                    traceId: TRACE,
                    spanId: "00000000000000a2",
                    parentSpanId: "00000000000000a1",
                    traceState: "ot=th:8",
                    kind: 3,
                    startTimeUnixNano: "1795514400001000999",
                    endTimeUnixNano: "1795514402001000999",
                    attributes: [
                      { key: "gen_ai.request.model", value: { stringValue: "gpt-4o" } },
                      { key: "ratio", value: { doubleValue: 0.5 } },
                      { key: "big", value: { intValue: "1152921504606846976" } },
                      { key: "ok", value: { boolValue: true } },
                      { key: "bytes", value: { bytesValue: "AP8=" } },
                      { key: "list", value: { arrayValue: { values: [{ stringValue: "a" }, { intValue: "1" }] } } },
                    ],
                    events: [{ timeUnixNano: "1795514400005000000", name: "first" }],
                    links: [{ traceId: OTHER, spanId: "00000000000000ff" }],
                    status: { code: 2, message: "timeout" },
                  },
                ],
              },
            ],
          },
        ],
      },
    });
  });

  it("searches in camelCase and snake_case", async () => {
    const names = async (query: string) => spansOf(await get(`/api/v3/traces?${query}`)).map(({ name }) => name);
    expect(await names(`${times}&query.serviceName=llm`)).toEqual(["GET /ask", "chat gpt-4o"]);
    const snake = times.replaceAll("startTime", "start_time_").replaceAll("_M", "_m");
    expect(await names(`${snake}&query.service_name=llm&query.operation_name=chat%20gpt-4o`)).toHaveLength(2);
    expect(await names(`${times}&query.durationMax=10ms&query.searchDepth=5`)).toEqual(["GET /ask"]);
    expect(await names(`${times}&query.attributes=${encodeURIComponent('{"ratio":"0.5"}')}`)).toHaveLength(2);
    expect(await names(times)).toHaveLength(3);
  });

  it("summarises traces", async () => {
    expect(await get(`/api/v3/trace-summaries?${times}`)).toEqual({
      summaries: [
        {
          traceId: OTHER,
          rootServiceName: "",
          rootOperationName: "",
          minStartTimeUnixNano: "1795514460000000000",
          maxEndTimeUnixNano: "1795514460005000000",
          spanCount: 1,
          errorSpanCount: 0,
          orphanSpanCount: 1,
          services: [{ name: "web", spanCount: 1, errorSpanCount: 0 }],
        },
        {
          traceId: TRACE,
          rootServiceName: "web",
          rootOperationName: "GET /ask",
          minStartTimeUnixNano: "1795514400000000000",
          maxEndTimeUnixNano: "1795514402500000000",
          spanCount: 2,
          errorSpanCount: 1,
          orphanSpanCount: 0,
          services: [
            { name: "web", spanCount: 1, errorSpanCount: 0 },
            { name: "llm", spanCount: 1, errorSpanCount: 1 },
          ],
        },
      ],
    });
  });

  it("says what is wrong in its own shape", async () => {
    const status = async (query: string) => (await refusal(`/api/v3/traces?${query}`))[0];
    expect(await status("query.serviceName=llm")).toBe(400);
    expect(await status(`${times}&query.searchDepth=x`)).toBe(400);
    expect(await status("query.startTimeMin=yesterday&query.startTimeMax=today")).toBe(400);
    expect(await status(`${times}&query.filter=x`)).toBe(501);
    expect(await refusal(`/api/v3/traces?${times}&query.serviceName=nobody`)).toEqual([
      404,
      { error: { httpCode: 404, message: "No traces found" } },
    ]);
    expect((await refusal("/api/v3/traces/77"))[0]).toBe(404);
  });
});

describe("Jaeger API, who may ask", () => {
  it("is never compressed and says where the dashboard is", async () => {
    const answer = await fetch(`${url}/api/services`, { headers: { "accept-encoding": "gzip" } });
    expect(answer.headers.get("content-encoding")).toBeNull();
    expect(answer.headers.get("content-type")).toMatch(/^application\/json/);
    expect(await (await fetch(url)).text()).toContain("http://127.0.0.1:3005");
  });

  it("refuses pages of other origins and foreign host names", async () => {
    expect((await fetch(`${url}/api/services`, { headers: { "sec-fetch-site": "cross-site" } })).status).toBe(403);
    expect((await fetch(`${url}/api/services`, { headers: { origin: "http://evil.test" } })).status).toBe(403);
    const rebound = await rawRequest(api.port, "GET /api/services HTTP/1.1", ["Host: evil.test"]);
    expect(rebound).toMatch(/^HTTP\/1.1 421/);
    expect((await fetch(`${url}/api/services`, { headers: { "x-forwarded-for": "203.0.113.9" } })).status).toBe(401);
  });

  it("asks everybody for the read token once there is one", async () => {
    const guarded = createApi("0123456789abcdef0123456789abcdef");
    const base = `http://127.0.0.1:${await guarded.start(0)}`;
    const status = async (headers: Record<string, string>) => (await fetch(`${base}/api/services`, { headers })).status;
    try {
      expect(await status({})).toBe(401);
      expect(await status({ authorization: "Bearer wrong" })).toBe(401);
      expect(await status({ authorization: "Bearer 0123456789abcdef0123456789abcdef" })).toBe(200);
      expect(await status({ "x-api-key": "0123456789abcdef0123456789abcdef" })).toBe(200);
      expect((await fetch(`${base}/ready`)).status).toBe(200);
    } finally {
      await guarded.stop(0);
    }
  });
});

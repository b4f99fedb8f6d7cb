import { type MetricSeries, type MetricStore, STALE_MARKER } from "@nexent/monitor-store";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { silentLog } from "../log.ts";
import { entryOf, metricStoreOf } from "../testing/metric-store.ts";
import { rawRequest } from "../testing/raw-http.ts";
import { createPrometheusApi } from "./prometheus-api.ts";

/** 2026-11-24T10:00:00Z. */
const NOW_MS = 1_795_514_400_000;
const NOW = NOW_MS / 1_000;
const TRACE = "5b8efff798038103d269b633813fc60c";

const at = (secondsAgo: number): number => NOW_MS - secondsAgo * 1_000;
const gauge = (labels: Readonly<Record<string, string>>): MetricSeries => ({ family: "up", type: "gauge", labels });
const JOB_A = { job: "a" };

const ENTRIES = [
  entryOf(gauge(JOB_A), {
    scalars: [at(90), at(60), at(30), at(0)].map((timestampMs, n) => ({ timestampMs, value: n })),
  }),
  entryOf(gauge({ job: "b" }), {
    scalars: [
      { timestampMs: at(90), value: 1 },
      { timestampMs: at(60), value: STALE_MARKER },
      { timestampMs: at(40), value: NaN },
      { timestampMs: at(30), value: STALE_MARKER },
    ],
  }),
  entryOf(
    { family: "requests", type: "counter", unit: "", help: "Requests.", labels: JOB_A },
    {
      scalars: [{ timestampMs: at(10) + 250, value: 41.5 }],
      exemplars: [{ timestampMs: at(10), value: 1, traceId: TRACE, labels: {} }],
    },
  ),
  entryOf(
    { family: "wait_seconds", type: "histogram", unit: "seconds", help: "Waiting.", labels: JOB_A },
    {
      histograms: [
        { timestampMs: at(60), count: 2, sum: 0.3, bounds: [0.1, 1], buckets: [1, 2, 2] },
        { timestampMs: at(30), count: 4, sum: 7.3, bounds: [0.1, 1], buckets: [1, 3, 4] },
      ],
      staleAtMs: [at(20)],
      exemplars: [
        { timestampMs: at(31), value: 0.7, traceId: TRACE, spanId: "eee19b7ec3c1b174", labels: { model: "m" } },
      ],
    },
  ),
  entryOf(
    { family: "pause_seconds", type: "summary", labels: { job: "b" } },
    { summaries: [{ timestampMs: at(5), count: 3, sum: 6, quantiles: [{ quantile: 0.5, value: 2 }] }] },
  ),
];

let api: ReturnType<typeof createApi>;
let url = "";

function createApi(store: MetricStore, readToken?: string) {
  return createPrometheusApi({
    host: "127.0.0.1",
    allowedHosts: [],
    readToken,
    store,
    clock: { wallMs: () => NOW_MS, monotonicMs: () => 0 },
    log: silentLog,
    isReady: () => true,
    dashboardUrl: () => "http://127.0.0.1:3005",
  });
}

beforeAll(async () => {
  api = createApi(await metricStoreOf(ENTRIES, NOW_MS));
  url = `http://127.0.0.1:${await api.start(0)}`;
});
afterAll(() => api.stop(0));

type Params = Readonly<Record<string, string | number>>;

function search(path: string, params: Params): string {
  const text = new URLSearchParams(Object.entries(params).map(([name, value]) => [name, String(value)]));
  return `${path}?${text.toString()}`;
}

async function data(path: string, params: Params = {}): Promise<unknown> {
  const answer = await fetch(url + search(`/api/v1/${path}`, params));
  const body = (await answer.json()) as { status: string; data: unknown };
  expect([answer.status, body.status], JSON.stringify(body)).toEqual([200, "success"]);
  return body.data;
}

async function refusal(path: string, params: Params = {}): Promise<readonly [number, string, string]> {
  const answer = await fetch(url + search(`/api/v1/${path}`, params));
  const body = (await answer.json()) as { status: string; errorType: string; error: string };
  expect(body.status).toBe("error");
  return [answer.status, body.errorType, body.error];
}

const vector = async (query: string, more: Params = {}): Promise<readonly (readonly [object, string])[]> => {
  const answer = (await data("query", { query, ...more })) as {
    resultType: string;
    result: { metric: object; value: [number, string] }[];
  };
  expect(answer.resultType).toBe("vector");
  return answer.result.map(({ metric, value }) => [metric, value[1]]);
};

describe("an instant query", () => {
  it("answers the health check of Grafana and other constants", async () => {
    expect(await data("query", { query: "1+1" })).toEqual({ resultType: "scalar", result: [NOW, "2"] });
    expect(await data("query", { query: '"a"', time: "2026-11-24T10:00:00.5Z" })).toEqual({
      resultType: "string",
      result: [NOW + 0.5, "a"],
    });
  });

  it("answers a selector with the newest sample, at the time that was asked for", async () => {
    expect(await data("query", { query: "up", time: NOW - 1.25 })).toEqual({
      resultType: "vector",
      result: [{ metric: { __name__: "up", job: "a" }, value: [NOW - 1.25, "2"] }],
    });
  });

  it("shows a NaN, and nothing after a series ended or 5 minutes after its last sample", async () => {
    const b = 'up{job="b"}';
    expect(await vector(b, { time: NOW - 70 })).toHaveLength(1);
    expect(await vector(b, { time: NOW - 50 })).toEqual([]);
    expect(await vector(b, { time: NOW - 35 })).toEqual([[{ __name__: "up", job: "b" }, "NaN"]]);
    expect(await vector(b)).toEqual([]);
    expect(await vector('up{job="a"}', { time: NOW + 300 })).toHaveLength(1);
    expect(await vector('up{job="a"}', { time: NOW + 300.001 })).toEqual([]);
    expect(await vector('up{job="a"}', { time: NOW + 10, lookback_delta: "5s" })).toEqual([]);
  });

  it.each([
    ["up offset 30s", "2"],
    ["up offset -30s", "3"],
    [`up @ ${NOW - 60}`, "1"],
    [`up offset 30s @ ${NOW - 30}`, "1"],
    ["up @ start()", "3"],
  ])("moves with modifiers: %s", async (query, value) => {
    expect(await vector(query.replace("up", 'up{job="a"}'))).toEqual([[{ __name__: "up", job: "a" }, value]]);
  });

  it.each([
    ["requests_total", [["requests_total", undefined, "41.5"]]],
    ["requests", []],
    ["wait_seconds", []],
    [`wait_seconds_sum @ ${NOW - 25}`, [["wait_seconds_sum", undefined, "7.3"]]],
    [
      `{__name__=~"wait_.*", le!="+Inf"} @ ${NOW - 25}`,
      [
        ["wait_seconds_bucket", "0.1", "1"],
        ["wait_seconds_bucket", "1.0", "3"],
        ["wait_seconds_count", undefined, "4"],
        ["wait_seconds_sum", undefined, "7.3"],
      ],
    ],
    [`wait_seconds_bucket{le=~"1|1.0"} @ ${NOW - 25}`, [["wait_seconds_bucket", "1.0", "3"]]],
    ["wait_seconds_bucket", []],
    [
      '{__name__=~"pause_seconds|pause_seconds_count"}',
      [
        ["pause_seconds", "0.5", "2"],
        ["pause_seconds_count", undefined, "3"],
      ],
    ],
    [
      '{__name__!~".*(_bucket|_sum)", job="b"}',
      [
        ["pause_seconds", "0.5", "2"],
        ["pause_seconds_count", undefined, "3"],
      ],
    ],
    ['{__name__=~"ause.*"}', []],
  ])("finds series by the names that families expand to: %s", async (query, expected) => {
    const found = (await vector(query)).map(([metric, value]) => {
      const labels = metric as Readonly<Record<string, string>>;
      return [labels["__name__"], labels["le"] ?? labels["quantile"], value];
    });
    expect(found).toEqual(expected);
  });

  it("answers a range selector with every sample under its own time", async () => {
    expect(await data("query", { query: 'up{job="a"}[30s]' })).toEqual({
      resultType: "matrix",
      result: [
        {
          metric: { __name__: "up", job: "a" },
          values: [
            [NOW - 30, "2"],
            [NOW, "3"],
          ],
        },
      ],
    });
    expect(await data("query", { query: "requests_total[1m]" })).toMatchObject({
      result: [{ values: [[NOW - 9.75, "41.5"]] }],
    });
    expect(await data("query", { query: 'up{job="b"}[2m]' })).toMatchObject({
      result: [
        {
          values: [
            [NOW - 90, "1"],
            [NOW - 40, "NaN"],
          ],
        },
      ],
    });
  });

  it("takes a form", async () => {
    const answer = await fetch(`${url}/api/v1/query`, {
      method: "POST",
      body: new URLSearchParams({ query: "1 + 2" }),
    });
    expect(await answer.json()).toEqual({ status: "success", data: { resultType: "scalar", result: [NOW, "3"] } });
    const json = await fetch(`${url}/api/v1/query`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "{}",
    });
    expect(json.status).toBe(400);
  });
});

describe("a range query", () => {
  const range = { start: NOW - 90, end: NOW, step: "15s" };

  it("answers the newest sample at each step", async () => {
    expect(await data("query_range", { query: "up", ...range })).toEqual({
      resultType: "matrix",
      result: [
        {
          metric: { __name__: "up", job: "a" },
          values: [
            [NOW - 90, "0"],
            [NOW - 75, "0"],
            [NOW - 60, "1"],
            [NOW - 45, "1"],
            [NOW - 30, "2"],
            [NOW - 15, "2"],
            [NOW, "3"],
          ],
        },
        {
          metric: { __name__: "up", job: "b" },
          values: [
            [NOW - 90, "1"],
            [NOW - 75, "1"],
          ],
        },
      ],
    });
  });

  it("ends a histogram where it ended", async () => {
    const answer = await data("query_range", { query: 'wait_seconds_bucket{le="+Inf"}', ...range });
    expect(answer).toMatchObject({
      result: [
        {
          values: [
            [NOW - 60, "2"],
            [NOW - 45, "2"],
            [NOW - 30, "4"],
          ],
        },
      ],
    });
  });

  it("stands still with @ and repeats constants", async () => {
    expect(await data("query_range", { query: 'up{job="a"} @ start()', ...range, step: 90 })).toMatchObject({
      result: [
        {
          values: [
            [NOW - 90, "0"],
            [NOW, "0"],
          ],
        },
      ],
    });
    expect(await data("query_range", { query: "1/2", ...range, step: 90 })).toEqual({
      resultType: "matrix",
      result: [
        {
          metric: {},
          values: [
            [NOW - 90, "0.5"],
            [NOW, "0.5"],
          ],
        },
      ],
    });
  });

  it.each([
    [{ query: "up[1m]", ...range }, /range vector/],
    [{ query: '"a"', ...range }, /"string"/],
    [{ query: "up", ...range, step: 0 }, /zero or negative/],
    [{ query: "up", ...range, end: NOW - 100 }, /before start/],
    [{ query: "up", ...range, step: "0.001" }, /11,000 points/],
    [{ query: "up", start: NOW, end: NOW }, /step/],
    [{ query: "up", start: "yesterday", end: NOW, step: 1 }, /cannot parse "yesterday"/],
    [{ query: "up" }, /"start"/],
  ])("refuses %j", async (params, message) => {
    expect(await refusal("query_range", params)).toEqual([400, "bad_data", expect.stringMatching(message)]);
  });
});

describe("listings", () => {
  it("have the names that families expand to", async () => {
    expect(await data("label/__name__/values")).toEqual([
      "pause_seconds",
      "pause_seconds_count",
      "pause_seconds_sum",
      "requests_total",
      "up",
      "wait_seconds_bucket",
      "wait_seconds_count",
      "wait_seconds_sum",
    ]);
    expect(await data("label/__name__/values", { "match[]": '{job="b"}' })).toEqual([
      "pause_seconds",
      "pause_seconds_count",
      "pause_seconds_sum",
      "up",
    ]);
    expect(await data("label/__name__/values", { end: NOW - 91 })).toEqual([]);
    expect(await data("label/__name__/values", { limit: 2 })).toHaveLength(2);
  });

  it("have labels and their values", async () => {
    expect(await data("labels")).toEqual(["__name__", "job", "le", "quantile"]);
    expect(await data("labels", { "match[]": "up" })).toEqual(["__name__", "job"]);
    expect(await data("label/job/values")).toEqual(["a", "b"]);
    expect(await data("label/job/values", { "match[]": "requests_total" })).toEqual(["a"]);
    expect(await data("label/le/values")).toEqual(["+Inf", "0.1", "1.0"]);
    expect(await data("label/le/values", { "match[]": 'wait_seconds_bucket{le!~"1.*"}' })).toEqual(["+Inf", "0.1"]);
    expect(await data("label/constructor/values", { "match[]": "up" })).toEqual([]);
  });

  it("have series", async () => {
    const answer = await fetch(`${url}/api/v1/series?match[]=up&match[]=wait_seconds_count&match[]=up{job="a"}`);
    expect(((await answer.json()) as { data: unknown }).data).toEqual([
      { __name__: "up", job: "a" },
      { __name__: "up", job: "b" },
      { __name__: "wait_seconds_count", job: "a" },
    ]);
    expect(await data("series", { "match[]": "wait_seconds_bucket", start: NOW - 60, end: NOW })).toEqual([
      { __name__: "wait_seconds_bucket", job: "a", le: "+Inf" },
      { __name__: "wait_seconds_bucket", job: "a", le: "0.1" },
      { __name__: "wait_seconds_bucket", job: "a", le: "1.0" },
    ]);
    expect(await data("series", { "match[]": "up", start: NOW + 1 })).toEqual([]);
  });

  it("have metadata under the names that are asked", async () => {
    expect(await data("metadata")).toEqual({
      up: [{ type: "gauge", help: "", unit: "" }],
      requests_total: [{ type: "counter", help: "Requests.", unit: "" }],
      wait_seconds: [{ type: "histogram", help: "Waiting.", unit: "seconds" }],
      pause_seconds: [{ type: "summary", help: "", unit: "" }],
    });
    expect(Object.keys((await data("metadata", { metric: "requests_total" })) as object)).toEqual(["requests_total"]);
    expect(Object.keys((await data("metadata", { limit: 1 })) as object)).toHaveLength(1);
  });

  it("refuse what cannot be read", async () => {
    expect(await refusal("series")).toEqual([400, "bad_data", "no match[] parameter provided"]);
    expect(await refusal("series", { "match[]": "{}" })).toEqual([
      400,
      "bad_data",
      expect.stringMatching(/"match\[\]".*non-empty/),
    ]);
    expect((await refusal("series", { "match[]": "rate(up[5m])" }))[0]).toBe(400);
    expect((await refusal("labels", { start: 2, end: 1 }))[0]).toBe(400);
    expect((await refusal("label/a-b/values"))[0]).toBe(400);
    expect((await refusal("metadata", { limit: "x" }))[0]).toBe(400);
    expect((await refusal("labels", { limit: -1 }))[0]).toBe(400);
  });
});

describe("exemplars", () => {
  it("stand below the series that a dashboard's expression has, a histogram's below its bucket", async () => {
    const range = { start: NOW - 90, end: NOW };
    expect(
      await data("query_exemplars", { query: "histogram_quantile(0.9, rate(wait_seconds_bucket[5m]))", ...range }),
    ).toEqual([
      {
        seriesLabels: { __name__: "wait_seconds_bucket", job: "a", le: "1.0" },
        exemplars: [
          {
            labels: { trace_id: TRACE, span_id: "eee19b7ec3c1b174", model: "m" },
            value: "0.7",
            timestamp: NOW - 31,
          },
        ],
      },
    ]);
    expect(await data("query_exemplars", { query: "requests_total", ...range })).toMatchObject([
      { seriesLabels: { __name__: "requests_total", job: "a" }, exemplars: [{ value: "1", timestamp: NOW - 10 }] },
    ]);
    expect(await data("query_exemplars", { query: 'wait_seconds_bucket{le="0.1"}', ...range })).toEqual([]);
  });

  it("are none for Grafana's check, which asks with milliseconds", async () => {
    expect(await data("query_exemplars", { query: "test", start: NOW_MS - 1, end: NOW_MS })).toEqual([]);
  });
});

describe("status", () => {
  it("says who answers, by a version that clients can read", async () => {
    const info = (await data("status/buildinfo")) as { version: string };
    expect(info.version).toMatch(/^2\.55\.0\+nexent-llm-monitor\.\d+\.\d+\.\d+$/);
  });

  it("has no rules and no alerts", async () => {
    expect(await data("rules", { type: "alert" })).toEqual({ groups: [] });
    expect(await data("alerts")).toEqual({ alerts: [] });
    expect((await refusal("rules", { type: "x" }))[0]).toBe(400);
  });

  it("answers health, readiness and people", async () => {
    for (const path of ["/-/healthy", "/-/ready", "/"]) expect((await fetch(url + path)).status).toBe(200);
    expect(await (await fetch(url)).text()).toContain("http://127.0.0.1:3005");
    expect(await refusal("nothing")).toEqual([404, "not_found", expect.any(String)]);
  });
});

describe("who may ask", () => {
  it("with a read token everybody shows it", async () => {
    const guarded = createApi(await metricStoreOf(ENTRIES, NOW_MS), "t".repeat(32));
    const guardedUrl = `http://127.0.0.1:${await guarded.start(0)}/api/v1/labels`;
    expect((await fetch(guardedUrl)).status).toBe(401);
    expect((await fetch(guardedUrl, { headers: { authorization: `Bearer ${"t".repeat(32)}` } })).status).toBe(200);
    await guarded.stop(0);
  });

  it("no page of another origin and no other host", async () => {
    expect((await fetch(`${url}/api/v1/labels`, { headers: { origin: "http://evil.test" } })).status).toBe(403);
    expect((await fetch(`${url}/api/v1/labels`, { headers: { "sec-fetch-site": "cross-site" } })).status).toBe(403);
    expect(await rawRequest(api.port, "GET /api/v1/labels HTTP/1.1", ["Host: evil.test:9090"])).toMatch(
      /^HTTP\/1.1 421 /,
    );
  });
});

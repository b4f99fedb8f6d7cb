import { execFile, spawn, type ChildProcess } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import type { MetricType, SeriesSamples } from "@nexent/monitor-store";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { entryOf, metricStoreOf } from "../../packages/server/src/testing/metric-store.ts";
import { startTestServer, type TestServer } from "../../packages/server/src/testing/server.ts";
import { PROMETHEUS, PROMTOOL } from "../docker/prometheus.testing.ts";
import { freePort } from "../harness/ports.ts";
import { answers, eventually, temporaryFolder } from "../harness/program.ts";

const present = existsSync(PROMETHEUS) && existsSync(PROMTOOL);
if (!present) console.info("skipped: side by side with Prometheus (Debian package `prometheus` is not installed)");

const run = promisify(execFile);
const TRACE = "5b8efff798038103d269b633813fc60c";
const SPAN = "eee19b7ec3c1b174";
/** Four scrapes 15 s apart; each page says its time, so that both sides have the same. */
const NEWEST_MS = Date.now() - 5_250;
const TIMES_MS = [3, 2, 1, 0].map((n) => NEWEST_MS - n * 15_000);
const seconds = (timeMs: number): string => (timeMs / 1_000).toFixed(3);

/** What the pages show, as text for Prometheus and as samples for us. */
interface PageSeries {
  readonly family: string;
  readonly type: MetricType;
  readonly help?: string;
  readonly labels: Readonly<Record<string, string>>;
  /** One for each time; a histogram's buckets (0.1, 1, +Inf) and a summary's quantiles (0.5, 0.99) follow from it. */
  readonly values: readonly number[];
}

const SERIES: readonly PageSeries[] = [
  { family: "shop_orders", type: "counter", help: "Orders, \\ all.", labels: { item: "a" }, values: [1, 2, 3.5, 1e21] },
  { family: "shop_orders", type: "counter", help: "Orders, \\ all.", labels: { item: 'q"\\\n' }, values: [0, 0, 7, 8] },
  { family: "shop_open", type: "gauge", labels: {}, values: [NaN, -0, 1e-7, 0.1 + 0.2] },
  { family: "shop_temperature", type: "gauge", labels: { le: "inside" }, values: [-Infinity, Infinity, 20, 21] },
  { family: "shop_wait_seconds", type: "histogram", help: "Waiting.", labels: { item: "a" }, values: [1, 2, 3, 5] },
  { family: "shop_size", type: "summary", labels: { item: "b" }, values: [4, 5, 6, 7] },
];
const LABELS = { source: "page" };
function entriesOf(instance: string): readonly SeriesSamples[] {
  return SERIES.map(({ family, type, help, labels, values }) => {
    const samples = values.map((value, at) => ({ timestampMs: TIMES_MS[at] ?? 0, value }));
    const series = {
      family,
      type,
      ...(help === undefined ? {} : { help }),
      labels: { ...labels, ...LABELS, job: "shop", instance },
    };
    if (type === "histogram") {
      return entryOf(series, {
        histograms: samples.map(({ timestampMs, value }) => ({
          timestampMs,
          count: value + 2,
          sum: value / 4,
          bounds: [0.1, 1],
          buckets: [value, value + 1, value + 2],
        })),
      });
    }
    if (type !== "summary") return entryOf(series, { scalars: samples });
    return entryOf(series, {
      summaries: samples.map(({ timestampMs, value }) => ({
        timestampMs,
        count: value,
        sum: value * 2,
        quantiles: [
          { quantile: 0.5, value: 2 },
          { quantile: 0.99, value },
        ],
      })),
    });
  });
}

/** The page of a scrape in the text format. */
function pageOf(scrape: number): string {
  const described = new Set<string>();
  const lines = SERIES.flatMap(({ family, type, help, labels, values }) => {
    const name = type === "counter" ? `${family}_total` : family;
    const header = described.has(name)
      ? []
      : [...(help === undefined ? [] : [`# HELP ${name} ${help.replaceAll("\\", "\\\\")}`]), `# TYPE ${name} ${type}`];
    described.add(name);
    const value = values[scrape] ?? 0;
    const line = (suffix: string, own: Readonly<Record<string, string>>, sample: number): string => {
      const text = Object.entries({ ...labels, ...LABELS, ...own }).map(
        ([key, one]) => `${key}=${JSON.stringify(one)}`,
      );
      const number = Object.is(sample, -0) ? "-0" : String(sample).replace("Infinity", "Inf");
      return `${name}${suffix}{${text.join(",")}} ${number} ${TIMES_MS[scrape] ?? 0}`;
    };
    if (type === "histogram") {
      const buckets = ["0.1", "1.0", "+Inf"].map((le, at) => line("_bucket", { le }, value + at));
      return [...header, ...buckets, line("_sum", {}, value / 4), line("_count", {}, value + 2)];
    }
    if (type !== "summary") return [...header, line("", {}, value)];
    const quantiles = [line("", { quantile: "0.5" }, 2), line("", { quantile: "0.99" }, value)];
    return [...header, ...quantiles, line("_sum", {}, value * 2), line("_count", {}, value)];
  });
  return `${lines.join("\n")}\n`;
}

/** A page in OpenMetrics, for what the text format cannot say. */
const OPEN_PAGE = `# TYPE deal_wait_seconds histogram
# UNIT deal_wait_seconds seconds
# HELP deal_wait_seconds Waiting.
deal_wait_seconds_bucket{source="open",le="0.1"} 1 ${seconds(NEWEST_MS)} # {trace_id="${TRACE}",span_id="${SPAN}"} 0.05 ${seconds(NEWEST_MS - 100)}
deal_wait_seconds_bucket{source="open",le="1.0"} 2 ${seconds(NEWEST_MS)}
deal_wait_seconds_bucket{source="open",le="+Inf"} 3 ${seconds(NEWEST_MS)} # {trace_id="${TRACE}",model="m"} 1.5 ${seconds(NEWEST_MS - 50)}
deal_wait_seconds_sum{source="open"} 2.5 ${seconds(NEWEST_MS)}
deal_wait_seconds_count{source="open"} 3 ${seconds(NEWEST_MS)}
# EOF
`;

function openEntry(instance: string): SeriesSamples {
  return entryOf(
    {
      family: "deal_wait_seconds",
      type: "histogram",
      unit: "seconds",
      help: "Waiting.",
      labels: { source: "open", job: "open", instance },
    },
    {
      histograms: [{ timestampMs: NEWEST_MS, count: 3, sum: 2.5, bounds: [0.1, 1], buckets: [1, 2, 3] }],
      exemplars: [
        { timestampMs: NEWEST_MS - 100, value: 0.05, traceId: TRACE, spanId: SPAN, labels: {} },
        { timestampMs: NEWEST_MS - 50, value: 1.5, traceId: TRACE, labels: { model: "m" } },
      ],
    },
  );
}

/** A target of both kinds of page; each scrape finds the next one. */
function startTarget(): Promise<Server> {
  let scrape = 0;
  const server = createServer((request, response) => {
    if (request.url === "/open") {
      response.setHeader("content-type", "application/openmetrics-text; version=1.0.0; charset=utf-8").end(OPEN_PAGE);
      return;
    }
    response.setHeader("content-type", "text/plain; version=0.0.4; charset=utf-8");
    response.end(pageOf(Math.min(scrape++, TIMES_MS.length - 1)));
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

describe.skipIf(!present)("our Prometheus API beside a real Prometheus", () => {
  const folder = temporaryFolder();
  let pages: Server;
  let prometheus: ChildProcess;
  let server: TestServer;
  let ours = "";
  let theirs = "";

  beforeAll(async () => {
    pages = await startTarget();
    const target = `127.0.0.1:${(pages.address() as AddressInfo).port}`;
    const metricStore = await metricStoreOf([...entriesOf(target), openEntry(target)], Date.now());
    server = await startTestServer({}, { openMetricStore: () => Promise.resolve(metricStore) });
    ours = server.prometheusUrl;
    const port = await freePort();
    theirs = `http://127.0.0.1:${port}`;
    const config = join(folder.path, "prometheus.yml");
    const job = (name: string, path: string): string =>
      `  - { job_name: ${name}, metrics_path: ${path}, static_configs: [{ targets: ["${target}"] }] }\n`;
    writeFileSync(
      config,
      `global: { scrape_interval: 250ms, scrape_timeout: 250ms }\nscrape_configs:\n${job("shop", "/metrics")}${job("open", "/open")}`,
    );
    prometheus = spawn(
      PROMETHEUS,
      [
        `--config.file=${config}`,
        `--storage.tsdb.path=${join(folder.path, "tsdb")}`,
        `--web.listen-address=127.0.0.1:${port}`,
        "--enable-feature=exemplar-storage,promql-at-modifier,promql-negative-offset",
        "--log.level=warn",
      ],
      { stdio: "ignore" },
    );
    await answers(`${theirs}/-/ready`);
    await eventually("both pages scraped to their end", async () => {
      const counts = ["shop_open", "deal_wait_seconds_count"].map(async (name) => {
        const body = (await ask(theirs, `query?query=${name}[5m]`)).body as {
          data: { result: { values: unknown[] }[] };
        };
        return body.data.result[0]?.values.length ?? 0;
      });
      const [shop, open] = await Promise.all(counts);
      return shop === TIMES_MS.length && open === 1 ? true : undefined;
    });
  });

  afterAll(async () => {
    const gone = new Promise((resolve) => prometheus.on("exit", resolve));
    prometheus.kill();
    await gone;
    await server.stop();
    pages.close();
    pages.closeAllConnections();
    folder.remove();
  });

  interface Answer {
    readonly status: number;
    readonly body: unknown;
  }

  async function ask(base: string, question: string): Promise<Answer> {
    const [path = "", query = ""] = question.split(/\?(.*)/s);
    const params = new URLSearchParams(
      query.split("&").map((part): [string, string] => {
        const at = part.indexOf("=");
        return [part.slice(0, at), part.slice(at + 1)];
      }),
    );
    const answer = await fetch(`${base}/api/v1/${path}?${params.toString()}`);
    return { status: answer.status, body: await answer.json() };
  }

  /** Lists of series have no order in Prometheus; those of samples do. */
  function comparable(body: unknown): unknown {
    const { data, ...rest } = body as { readonly data: unknown };
    const sorted = (list: unknown): unknown =>
      Array.isArray(list) ? list.map((item) => JSON.stringify(item)).toSorted() : list;
    if (typeof data !== "object" || data === null || !("result" in data)) return { ...rest, data: sorted(data) };
    const { resultType, result } = data as { readonly resultType: string; readonly result: unknown };
    return { ...rest, resultType, result: resultType === "scalar" ? result : sorted(result) };
  }

  const last = `time=${seconds(NEWEST_MS + 1_000)}`;
  const range = `start=${seconds(NEWEST_MS - 55_000)}&end=${seconds(NEWEST_MS + 10_000)}&step=7`;
  const all = '{source=~"page|open"}';

  it.each([
    `query?query=1+1&${last}`,
    `query?query=-(2 - 3) * 4 / 8 % 3&${last}`,
    `query?query=1/0&${last}`,
    `query?query=0/0&${last}`,
    `query?query=0x1F + 010 - .5e-9&${last}`,
    `query?query="a\\n\\u00e9"&${last}`,
    `query?query=${all}&${last}`,
    `query?query=shop_open&${last}`,
    `query?query=shop_open&time=${seconds(NEWEST_MS - 40_000)}`,
    `query?query=shop_open&time=${seconds(NEWEST_MS - 50_000)}`,
    `query?query=shop_orders_total{item!="a"}&${last}`,
    `query?query={__name__=~"shop_.*",le=~"1.0|inside"}&${last}`,
    `query?query={__name__=~"shop_(size|wait_seconds).*",item!~"a.*"}&${last}`,
    `query?query={__name__=~"hop_.*"}&${last}`,
    `query?query=shop_wait_seconds_bucket offset 15s&${last}`,
    `query?query=shop_wait_seconds_sum offset -15s&time=${seconds(NEWEST_MS - 10_000)}`,
    `query?query=shop_size @ ${seconds(NEWEST_MS - 30_000)}&${last}`,
    `query?query=shop_size @ start() offset 20s&${last}`,
    `query?query=shop_temperature[31s]&${last}`,
    `query?query={source="page"}[5m] offset 10s&${last}`,
    `query_range?query={source="page"}&${range}`,
    `query_range?query=shop_open offset 3s&${range}`,
    `query_range?query=shop_size_count @ end()&${range}`,
    `query_range?query=2*3&${range}`,
    `query_exemplars?query=deal_wait_seconds_bucket&${range}`,
    `query_exemplars?query=histogram_quantile(0.9, rate(deal_wait_seconds_bucket{le!="0.1"}[5m]))&${range}`,
    `query_exemplars?query=test&start=${NEWEST_MS - 1_000}&end=${NEWEST_MS}`,
    `series?match[]=${all}`,
    `series?match[]=shop_wait_seconds_bucket&match[]=shop_open&${range}`,
    `series?match[]=nothing`,
    `labels?`,
    `labels?match[]=shop_orders_total`,
    `labels?match[]=shop_size&match[]=shop_wait_seconds_count`,
    `label/__name__/values?match[]=${all}`,
    `label/le/values?match[]=shop_wait_seconds_bucket`,
    `label/le/values?match[]={source="page"}`,
    `label/item/values?`,
    `label/quantile/values?`,
    `label/nothing/values?`,
    "metadata?metric=shop_orders_total",
    "metadata?metric=shop_open",
    "metadata?metric=shop_wait_seconds",
    "metadata?metric=deal_wait_seconds",
    "metadata?metric=nothing",
    "rules?",
    "rules?type=alert",
    "alerts?",
  ])("answers the same: %s", async (question) => {
    const [our, their] = [await ask(ours, question), await ask(theirs, question)];
    expect(our.status, JSON.stringify(our.body)).toBe(200);
    expect(comparable(our.body)).toEqual(comparable(their.body));
  });

  it.each([
    "query?query=",
    "query?query=sum(",
    "query?query={}",
    'query?query={job=""}',
    'query?query=up{job=~"("}',
    'query?query=up{job=~"(?=a)"}',
    'query?query=up{__name__="down"}',
    "query?query=up[0s]",
    "query?query=up offset 1m offset 2m",
    "query?query=up&time=yesterday",
    "query?query=up&timeout=x",
    `query_range?query=up[1m]&${range}`,
    `query_range?query="a"&${range}`,
    "query_range?query=up&start=2&end=1&step=1",
    "query_range?query=up&start=1&end=2&step=0",
    "query_range?query=up&start=1&end=20000&step=1",
    "query_range?query=up&start=1&end=2",
    "query_exemplars?query=sum(",
    "series?",
    "series?match[]={}",
    "series?match[]=up[5m]",
    "series?match[]=up&start=x",
    "labels?start=y",
    "label/a-b/values?",
    "metadata?limit=x",
    "rules?type=x",
  ])("refuses with the same status and type: %s", async (question) => {
    const [our, their] = [await ask(ours, question), await ask(theirs, question)];
    const kindOf = ({ status, body }: Answer): unknown => [status, (body as { errorType?: string }).errorType];
    expect(kindOf(our), JSON.stringify([our.body, their.body])).toEqual(kindOf(their));
    expect(our.status).toBe(400);
  });

  it.each(["rate(shop_orders_total[1m])", "sum(shop_open)", "shop_open + 1", "2 ^ 3"])(
    "refuses what Prometheus evaluates: %s",
    async (query) => {
      expect((await ask(theirs, `query?query=${query}`)).status).toBe(200);
      const { status, body } = await ask(ours, `query?query=${query}`);
      expect([status, (body as { errorType: string }).errorType]).toEqual([422, "execution"]);
    },
  );

  it.each([
    ["instant", ["shop_orders_total"]],
    ["range", ["--step=15s", `--start=${seconds(NEWEST_MS - 45_000)}`, `--end=${seconds(NEWEST_MS)}`, "shop_open"]],
    ["series", ["--match=shop_wait_seconds_bucket"]],
    ["labels", ["item"]],
  ])("gives promtool the same: query %s", async (command, args) => {
    const [ourText, theirText] = [await told(ours, command, args), await told(theirs, command, args)];
    expect(ourText.join("")).not.toMatch(/^(\[\])?$/);
    expect(ourText).toEqual(theirText);
  });

  /** What promtool prints, without the time of an instant query, which is that of the question. */
  async function told(base: string, command: string, args: readonly string[]): Promise<readonly string[]> {
    const flags = args.filter((arg) => arg.startsWith("--"));
    const rest = args.filter((arg) => !arg.startsWith("--"));
    const { stdout } = await run(PROMTOOL, ["query", command, ...flags, base, ...rest]);
    return stdout
      .trim()
      .split("\n")
      .map((line) => line.replace(/ @\[[\d.]+\]$/, ""))
      .toSorted();
  }
});

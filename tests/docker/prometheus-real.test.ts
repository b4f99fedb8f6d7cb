import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ROWS } from "../../docker/generate/dashboard.ts";
import { eventually, startProgram, type Program } from "../harness/program.ts";
import { startStack, type Stack } from "../harness/stack.ts";
import { DASHBOARD_FILES, interpolate, readDashboard } from "./dashboard-files.testing.ts";
import { PROMETHEUS, startPrometheus, type Alert, type RealPrometheus, type Series } from "./prometheus.testing.ts";
import { programAt } from "./stack-files.testing.ts";

const present = programAt(PROMETHEUS, "Prometheus (Debian package `prometheus`)") !== undefined;

/** The names of the product, as a person types them. */
const TYPED = [
  "llm_token_generation_rate",
  "llm_time_to_first_token_seconds",
  "llm_request_duration_seconds",
  "llm_total_tokens",
  "llm_error_count",
];
/** Nothing listens there: the Collector and Jaeger are not part of this test. */
const NOBODY = "127.0.0.1:1";
const WAIT = { timeoutMs: 30_000, everyMs: 250 };

/** The three typical problems, each by a model of its own, and one model without any. */
const PROBLEMS = {
  slowRate: { model: "slow-rate", exact: { ttftMs: 50, tokens: 8, gapMs: 250, finishMs: 0 } },
  slowRequest: { model: "slow-request", exact: { ttftMs: 11_000, tokens: 40, gapMs: 5, finishMs: 0 } },
  failing: { model: "failing", exact: { status: 503, ttftMs: 20 } },
  normal: { model: "normal", exact: { ttftMs: 50, tokens: 20, gapMs: 10, finishMs: 0 } },
} as const;

let stack: Stack;
let demo: Program;
let application: Server;
let prometheus: RealPrometheus;
let watcher: AlertWatcher;

async function ask(model: string, exact: object): Promise<void> {
  const answer = await fetch(`${stack.gatewayUrl}/exact/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model, stream: true, messages: [{ role: "user", content: "hi" }], exact }),
  });
  await answer.text();
}

/** Series must exist before they rise: an increase is seen between two scrapes, never before the first. */
async function warmUp(): Promise<void> {
  for (const { model } of Object.values(PROBLEMS)) await ask(model, { ttftMs: 20, tokens: 4, gapMs: 10, finishMs: 0 });
  await ask(PROBLEMS.failing.model, PROBLEMS.failing.exact);
  await eventually(
    "a scrape of the first requests",
    async () => ((await prometheus.query('llm_error_count_total{model="failing"}')).length > 0 ? true : undefined),
    WAIT,
  );
}

/** 12 slow ones are more than the minimum of 10; 15 failures beside 10 answers more than the minimum of 20. */
function provoke(): Promise<unknown> {
  const { slowRate, slowRequest, failing, normal } = PROBLEMS;
  const times = (count: number, model: string, exact: object): Promise<void>[] =>
    Array.from({ length: count }, () => ask(model, exact));
  return Promise.all([
    ...times(12, slowRequest.model, slowRequest.exact),
    ...times(12, slowRate.model, slowRate.exact),
    ...times(15, failing.model, failing.exact),
    ...times(10, failing.model, normal.exact),
    ...times(25, normal.model, normal.exact),
  ]);
}

async function startApplication(): Promise<Server> {
  const server = createServer((_request, response) => {
    response.setHeader("content-type", "text/plain; version=0.0.4");
    response.end("# TYPE application_up gauge\napplication_up 1\n");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

const hasNumber = ({ value, values }: Series): boolean =>
  [...(value === undefined ? [] : [value]), ...(values ?? [])].some(([, text]) => Number.isFinite(Number(text)));

/** Every alert that was ever firing, by name and what it is about: a short one must not be missed. */
interface AlertWatcher {
  readonly fired: ReadonlyMap<string, Alert>;
  stop(): void;
}

function watchAlerts(): AlertWatcher {
  const fired = new Map<string, Alert>();
  const look = (): Promise<void> =>
    prometheus.alerts().then(
      (alerts) => {
        for (const alert of alerts) {
          const { alertname, model, job } = alert.labels;
          if (alert.state === "firing") fired.set(`${alertname} ${model ?? job}`, alert);
        }
      },
      // The last look may meet a Prometheus that stops.
      () => undefined,
    );
  const timer = setInterval(() => void look(), 250);
  return { fired, stop: () => clearInterval(timer) };
}

function fires(key: string): Promise<Alert> {
  return eventually(key, async () => watcher.fired.get(key), WAIT);
}

describe.skipIf(!present)("a real Prometheus with the shipped configuration and rules", () => {
  beforeAll(async () => {
    [stack, application] = await Promise.all([startStack(), startApplication()]);
    const { port } = application.address() as AddressInfo;
    prometheus = await startPrometheus({
      addresses: {
        "gateway:8000": new URL(stack.gatewayUrl).host,
        "otel-collector:8888": NOBODY,
        "jaeger:8888": NOBODY,
      },
      applications: { "my-app.yml": `- targets: ["127.0.0.1:${port}"]\n  labels: { application: my-app }\n` },
    });
    const where = ["--base-url", `${stack.gatewayUrl}/exact/v1`];
    demo = startProgram("cli", ["demo", "--minutes", "0.5", "--rate", "6", "--seed", "3", ...where], {});
    watcher = watchAlerts();
    await warmUp();
    await provoke();
  });

  afterAll(async () => {
    watcher?.stop();
    await demo?.stop("SIGINT");
    await prometheus?.stop();
    await stack?.stop();
    application?.close();
  });

  it("scrapes the gateway and an application that a file names", async () => {
    const up = await eventually(
      "both targets up",
      async () => {
        const series = await prometheus.query("up == 1");
        const jobs = series.map(({ metric }) => metric["job"] ?? "").sort();
        return ["llm-applications", "nexent-gateway", "prometheus"].every((job) => jobs.includes(job))
          ? series
          : undefined;
      },
      WAIT,
    );
    expect(up.find(({ metric }) => metric["job"] === "llm-applications")?.metric["application"]).toBe("my-app");
    expect(prometheus.log()).toBe("");
  });

  it.each(TYPED)("answers %s as it is typed", async (name) => {
    const series = await eventually(
      name,
      async () => {
        const found = await prometheus.query(name);
        return found.length > 0 ? found : undefined;
      },
      WAIT,
    );
    expect(series.every((one) => one.metric["__name__"] === name && one.metric["model"] !== undefined)).toBe(true);
    expect(series.every(hasNumber)).toBe(true);
  });

  it("holds exemplars that name a trace", async () => {
    const exemplars = await prometheus.get<{ exemplars: { labels: Record<string, string> }[] }[]>(
      "/api/v1/query_exemplars",
      {
        query: "llm_time_to_first_token_seconds_bucket",
        start: String(Date.now() / 1000 - 120),
        end: String(Date.now() / 1000),
      },
    );
    const labels = exemplars.flatMap((series) => series.exemplars.map((exemplar) => exemplar.labels));
    expect(labels.length).toBeGreaterThan(0);
    for (const { trace_id: trace } of labels) expect(trace).toMatch(/^[0-9a-f]{32}$/);
  });

  it("fires for slow tokens, slow requests and errors, each for its model, with values in the summary", async () => {
    const problems = ["LLMTokenRateSlow slow-rate", "LLMRequestSlow slow-request", "LLMErrorRatioHigh failing"];
    const [, slow, failing] = await Promise.all(problems.map(fires)).catch(async () => {
      // On a busy machine scrapes may fail for so long that a whole round is not seen: one more, and no other.
      await provoke();
      return Promise.all(problems.map(fires));
    });
    expect(failing?.annotations["summary"]).toMatch(/^\d.*% of the requests to failing fail$/);
    expect(slow?.annotations["summary"]).toMatch(/ take 1\d\.?\d*s or more$/);
  });

  it("stays quiet for a model without problems", async () => {
    const [{ value } = {}] = await prometheus.query(
      'sum(max_over_time(llm_request_duration_seconds_count{model="normal"}[3m]))',
    );
    expect(Number(value?.[1])).toBeGreaterThanOrEqual(26);
    const ever = await prometheus.query('count by (alertname) (max_over_time(ALERTS{model="normal"}[3m]))');
    expect(ever).toEqual([]);
  });

  describe.each(DASHBOARD_FILES)("%s", (file) => {
    const dashboard = readDashboard(file);
    const mayBeEmpty = new Set(
      ROWS.flatMap((row) => row.panels.flatMap((panel) => (panel.kind === "text" ? [] : panel.queries)))
        .filter((query) => query.mayBeEmpty)
        .map((query) => query.expr),
    );
    const targets = dashboard.panels.flatMap((panel) => (panel.targets ?? []).map((target) => ({ panel, target })));

    it("has an answer for every expression of every panel, and data wherever there must be some", async () => {
      const empty: string[] = [];
      for (const { panel, target } of targets) {
        const expr = interpolate(target.expr, dashboard, { rateInterval: "10s", range: "3m" });
        const series = target.instant ? await prometheus.query(expr) : await prometheus.queryRange(expr, 180);
        if (!series.some(hasNumber) && !mayBeEmpty.has(target.expr))
          empty.push(`${panel.title} ${target.refId}: ${expr}`);
      }
      expect(empty).toEqual([]);
      expect(targets.length).toBeGreaterThan(50);
    });

    it("fills its variables with what the gateway shows, and finds its annotations", async () => {
      for (const { type, query } of dashboard.templating.list) {
        if (type !== "query" || typeof query === "string") continue;
        const [, metric = "", label = ""] = /^label_values\((\w+), (\w+)\)$/.exec(query.query) ?? [];
        const values = await prometheus.get<string[]>(`/api/v1/label/${label}/values`, { "match[]": metric });
        expect(values.length, query.query).toBeGreaterThan(0);
      }
      for (const { expr } of dashboard.annotations.list) {
        expect((await prometheus.queryRange(expr ?? "", 180)).length).toBeGreaterThan(0);
      }
    });
  });

  it("notices when the gateway is gone", async () => {
    await stack.program.stop("SIGINT");
    await fires("LLMTelemetrySilent nexent-gateway");
  });
});

import { spawn, type ChildProcess } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort } from "../harness/ports.ts";
import { answers, eventually, startProgram, temporaryFolder, type Program } from "../harness/program.ts";
import { programAt, stackText } from "./stack-files.testing.ts";

const binary = programAt(process.env["JAEGER_BINARY"], "Jaeger (JAEGER_BINARY, an all-in-one of line 1.x)");
const otelcol = programAt(process.env["OTELCOL_BINARY"], "the OpenTelemetry Collector (OTELCOL_BINARY)");

interface JaegerSpan {
  readonly traceID: string;
  readonly operationName: string;
  readonly tags: readonly { readonly key: string; readonly value: unknown }[];
}
interface JaegerTrace {
  readonly traceID: string;
  readonly spans: readonly JaegerSpan[];
}

let jaeger: ChildProcess;
let queryUrl = "";
let destinations: Readonly<Record<"thrift" | "otlp" | "collector", string>>;
let stopCollector: () => Promise<void> = () => Promise.resolve();
let exact: Program;
let exactUrl = "";

async function startJaeger(): Promise<void> {
  const [query, thrift, otlpHttp, otlpGrpc, admin, grpc, queryGrpc] = await Promise.all(
    Array.from({ length: 7 }, () => freePort()),
  );
  const local = (port: number | undefined): string => `127.0.0.1:${port}`;
  jaeger = spawn(
    binary ?? "",
    [
      `--query.http-server.host-port=${local(query)}`,
      `--collector.http-server.host-port=${local(thrift)}`,
      `--collector.otlp.http.host-port=${local(otlpHttp)}`,
      `--collector.otlp.grpc.host-port=${local(otlpGrpc)}`,
      `--admin.http.host-port=${local(admin)}`,
      `--collector.grpc-server.host-port=${local(grpc)}`,
      `--query.grpc-server.host-port=${local(queryGrpc)}`,
    ],
    { stdio: "ignore" },
  );
  queryUrl = `http://${local(query)}`;
  await answers(`${queryUrl}/api/services`);
  destinations = {
    thrift: `http://${local(thrift)}/api/traces`,
    otlp: `http://${local(otlpHttp)}/v1/traces`,
    collector: otelcol === undefined ? "" : await startCollector(otelcol, local(otlpGrpc)),
  };
}

/** The Collector with the shipped configuration, adapted in addresses. @returns where it takes OTLP over HTTP. */
async function startCollector(program: string, jaegerAddress: string): Promise<string> {
  const folder = temporaryFolder();
  const [grpc, http, health, metrics] = await Promise.all(Array.from({ length: 4 }, () => freePort()));
  const config = stackText("otel-collector", "config.yml")
    .replace("0.0.0.0:4317", `127.0.0.1:${grpc}`)
    .replace("0.0.0.0:4318", `127.0.0.1:${http}`)
    .replace("0.0.0.0:13133", `127.0.0.1:${health}`)
    .replace("jaeger:4317", jaegerAddress)
    .replace("host: 0.0.0.0", "host: 127.0.0.1")
    .replace("port: 8888", `port: ${metrics}`);
  const path = join(folder.path, "config.yml");
  writeFileSync(path, config);
  const child = spawn(program, [`--config=${path}`], { stdio: "ignore" });
  const gone = new Promise((resolve) => child.on("exit", resolve));
  stopCollector = async () => {
    child.kill();
    await gone;
    folder.remove();
  };
  await answers(`http://127.0.0.1:${health}/`);
  return `http://127.0.0.1:${http}/v1/traces`;
}

async function search(parameters: Readonly<Record<string, string>>): Promise<readonly JaegerTrace[]> {
  const answer = await fetch(
    `${queryUrl}/api/traces?${new URLSearchParams({ limit: "20", lookback: "1h", ...parameters })}`,
  );
  return ((await answer.json()) as { data: JaegerTrace[] }).data;
}

function tagsOf(span: JaegerSpan | undefined): Readonly<Record<string, unknown>> {
  return Object.fromEntries((span?.tags ?? []).map(({ key, value }) => [key, value]));
}

describe.skipIf(binary === undefined)("a real Jaeger", () => {
  beforeAll(async () => {
    const port = await freePort();
    exactUrl = `http://127.0.0.1:${port}/v1`;
    exact = startProgram("cli", ["exact-server", "--port", String(port)], {});
    await Promise.all([startJaeger(), answers(`${exactUrl}/models`, exact)]);
  });

  afterAll(async () => {
    await exact?.stop("SIGINT");
    await stopCollector();
    const gone = new Promise((resolve) => jaeger.on("exit", resolve));
    // It keeps nothing, and would take ten seconds to stop in order.
    jaeger.kill("SIGKILL");
    await gone;
  });

  const ways = ["thrift", "otlp", "collector"] as const;
  const possible = (way: (typeof ways)[number]): boolean => way !== "collector" || otelcol !== undefined;
  for (const protocol of ways) describe.skipIf(!possible(protocol))(`over ${protocol}`, () => traces(protocol));
});

/** The same traces, whichever way they take. */
function traces(protocol: keyof typeof destinations): void {
  const service = `gateway-over-${protocol}`;
  let gateway: Program;
  let gatewayUrl = "";

  async function ask(extra: object): Promise<void> {
    const answer = await fetch(`${gatewayUrl}/exact/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ model: "exact", stream: true, messages: [{ role: "user", content: "hi" }], ...extra }),
    });
    await answer.text();
  }

  beforeAll(async () => {
    const port = await freePort();
    gatewayUrl = `http://127.0.0.1:${port}`;
    gateway = startProgram("gateway", [], {
      ENABLE_TELEMETRY: "true",
      SERVICE_NAME: service,
      JAEGER_ENDPOINT: destinations[protocol],
      GATEWAY_PORT: String(port),
      GATEWAY_EXACT_BASE_URL: exactUrl,
    });
    await answers(`${gatewayUrl}/readyz`, gateway);
    await ask({});
    await ask({ exact: { status: 503, ttftMs: 20 } });
  });
  afterAll(() => gateway?.stop());

  it("shows the service, the call below the HTTP request, and the numbers of its tokens", async () => {
    const trace = await eventually("the trace", async () =>
      (await search({ service })).find(({ spans }) => spans.every((span) => tagsOf(span)["error"] === undefined)),
    );
    const call = trace.spans.find(({ operationName }) => operationName === "chat exact");
    expect(trace.spans.length).toBeGreaterThanOrEqual(2);
    expect(tagsOf(call)).toMatchObject({ "gen_ai.request.model": "exact", "gen_ai.usage.output_tokens": 20 });
    expect(tagsOf(call)).toHaveProperty(["llm.token_tape"]);
  });

  it("finds failed calls by the tag that the dashboard's link uses", async () => {
    const failed = await eventually("the failed trace", async () => {
      const found = await search({ service, tags: JSON.stringify({ error: "true" }) });
      return found.length > 0 ? found : undefined;
    });
    expect(failed).toHaveLength(1);
  });

  it("has the trace behind every exemplar at /metrics", async () => {
    const accept = "application/openmetrics-text; version=1.0.0";
    const text = await (await fetch(`${gatewayUrl}/metrics`, { headers: { accept } })).text();
    const traces = new Set([...text.matchAll(/# \{trace_id="([0-9a-f]{32})"/g)].map(([, id]) => id));
    expect(traces.size).toBe(2);
    for (const id of traces) {
      const answer = await fetch(`${queryUrl}/api/traces/${id}`);
      expect(answer.status).toBe(200);
    }
  });
}

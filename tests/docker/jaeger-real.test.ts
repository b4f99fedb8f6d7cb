import { spawn, type ChildProcess } from "node:child_process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort } from "../harness/ports.ts";
import { answers, eventually, startProgram, type Program } from "../harness/program.ts";
import { programAt } from "./stack-files.testing.ts";

const binary = programAt(process.env["JAEGER_BINARY"], "Jaeger (JAEGER_BINARY, an all-in-one of line 1.x)");

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
let destinations: Readonly<Record<"thrift" | "otlp", string>>;
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
  destinations = { thrift: `http://${local(thrift)}/api/traces`, otlp: `http://${local(otlpHttp)}/v1/traces` };
  await answers(`${queryUrl}/api/services`);
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
    const gone = new Promise((resolve) => jaeger.on("exit", resolve));
    // It keeps nothing, and would take ten seconds to stop in order.
    jaeger.kill("SIGKILL");
    await gone;
  });

  describe.each(["thrift", "otlp"] as const)("over %s", (protocol) => {
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
  });
});

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { jaegerBinary, startJaeger, type RealJaeger } from "../harness/jaeger.ts";
import { freePorts } from "../harness/ports.ts";
import { answers, eventually, startProgram, temporaryFolder, type Program } from "../harness/program.ts";

if (jaegerBinary === undefined) console.info("skipped: side by side with Jaeger (set JAEGER_BINARY)");

const TRACE = "5b8efff798038103d269b633813fc60c";
const ROOT = "eee19b7ec3c1b174";
const CHILD = "eee19b7ec3c1b173";

/** Ten minutes ago, so that both find it in their default range. */
const startNanos = BigInt(Date.now() - 600_000) * 1_000_000n;

function attributes(values: Readonly<Record<string, object>>): readonly object[] {
  return Object.entries(values).map(([key, value]) => ({ key, value }));
}

function resourceSpans(service: string, span: object): object {
  return {
    resource: {
      attributes: attributes({ "service.name": { stringValue: service }, "host.name": { stringValue: "h" } }),
    },
    scopeSpans: [{ scope: { name: "scope" }, spans: [span] }],
  };
}

const BODY = JSON.stringify({
  resourceSpans: [
    resourceSpans("web", {
      traceId: TRACE,
      spanId: ROOT,
      flags: 1,
      name: "GET /ask",
      kind: 2,
      startTimeUnixNano: String(startNanos),
      endTimeUnixNano: String(startNanos + 2_500_000_000n),
      attributes: attributes({
        "http.response.status_code": { intValue: "200" },
        "http.route": { stringValue: "/ask" },
      }),
      status: {},
    }),
    resourceSpans("llm", {
      traceId: TRACE,
      spanId: CHILD,
      parentSpanId: ROOT,
      flags: 1,
      name: "call tool",
      kind: 3,
      startTimeUnixNano: String(startNanos + 1_000_000n),
      endTimeUnixNano: String(startNanos + 2_001_000_000n),
      attributes: attributes({
        ratio: { doubleValue: 0.5 },
        ok: { boolValue: true },
        list: { arrayValue: { values: [{ stringValue: "a" }, { intValue: "1" }] } },
      }),
      events: [
        {
          timeUnixNano: String(startNanos + 5_000_000n),
          name: "retry",
          attributes: attributes({ at: { intValue: "5" } }),
        },
      ],
      links: [{ traceId: "5b8efff798038103d269b633813fc6ff", spanId: ROOT }],
      status: { code: 2, message: "timeout" },
    }),
  ],
});

/** What is compared: everything but the order of lists, which Jaeger leaves to chance, and the numbers of processes. */
function comparable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(comparable).sort((a, b) => keyOf(a).localeCompare(keyOf(b)));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, comparable(item)]));
}

function keyOf(value: unknown): string {
  return JSON.stringify(value);
}

interface Trace {
  readonly spans: readonly { readonly processID: string; readonly flags?: number }[];
  readonly processes: Readonly<Record<string, unknown>>;
}

/** Traces with each span's process in its place. Jaeger drops the flags of OTLP spans, we show them. */
function withProcesses(body: unknown): unknown {
  const { data } = body as { readonly data: readonly Trace[] };
  return comparable(
    data.map(({ spans, processes, ...trace }) => ({
      ...trace,
      spans: spans.map(({ processID, flags: _flags, ...span }) => ({ ...span, process: processes[processID] })),
    })),
  );
}

describe.skipIf(jaegerBinary === undefined)("our Jaeger API beside a real Jaeger", () => {
  const folder = temporaryFolder();
  let jaeger: RealJaeger;
  let server: Program;
  let ours = "";

  beforeAll(async () => {
    const ports = await freePorts();
    server = startProgram("server", [], { ...ports, LLM_MONITOR_DATA_DIR: folder.path });
    jaeger = await startJaeger(jaegerBinary ?? "");
    ours = `http://127.0.0.1:${ports["LLM_MONITOR_JAEGER_PORT"] ?? ""}`;
    const otlp = `http://127.0.0.1:${ports["LLM_MONITOR_OTLP_HTTP_PORT"] ?? ""}`;
    await answers(`${otlp}/ready`, server);
    for (const url of [otlp, jaeger.otlpUrl]) {
      const answer = await fetch(`${url}/v1/traces`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: BODY,
      });
      expect(answer.status).toBe(200);
    }
    for (const url of [ours, jaeger.queryUrl]) {
      await eventually("the trace", async () => {
        const { data } = (await (await fetch(`${url}/api/services`)).json()) as { data: readonly string[] | null };
        return data?.includes("llm") === true ? true : undefined;
      });
    }
  });
  afterAll(async () => {
    await server.stop();
    await jaeger.stop();
    folder.remove();
  });

  async function both(path: string): Promise<readonly [ours: Response, theirs: Response]> {
    return [await fetch(ours + path), await fetch(jaeger.queryUrl + path)];
  }

  it.each([
    `/api/traces/${TRACE}`,
    `/api/traces/${TRACE.toUpperCase()}`,
    "/api/traces?service=web",
    "/api/traces?service=llm&operation=call%20tool&limit=5",
    "/api/traces?service=llm&tag=ratio:0.5",
    "/api/traces?service=llm&tag=error:true",
    "/api/traces?service=web&tag=error:true",
    "/api/traces?service=llm&tags=%7B%22ok%22%3A%22true%22%2C%22host.name%22%3A%22h%22%7D",
    "/api/traces?service=web&minDuration=2.5s&maxDuration=2.5s",
    "/api/traces?service=web&minDuration=2501ms",
    "/api/traces?service=web&tag=http.response.status_code:200",
    `/api/traces?traceID=${TRACE}`,
  ])("answers the same traces: %s", async (path) => {
    const [ourAnswer, theirAnswer] = await both(path);
    expect(ourAnswer.status).toBe(theirAnswer.status);
    expect(withProcesses(await ourAnswer.json())).toEqual(withProcesses(await theirAnswer.json()));
  });

  it.each([
    "/api/services",
    "/api/services/llm/operations",
    "/api/services/nobody/operations",
    "/api/operations?service=llm",
    "/api/operations?service=web&spanKind=server",
    `/api/dependencies?endTs=${Date.now()}&lookback=3600000`,
  ])("lists the same: %s", async (path) => {
    const [ourAnswer, theirAnswer] = await both(path);
    const [our, their] = [await ourAnswer.json(), await theirAnswer.json()] as { readonly data: unknown }[];
    const known = (data: unknown): unknown =>
      // Jaeger also watches itself.
      comparable(Array.isArray(data) ? data.filter((item) => item !== "jaeger-all-in-one") : []);
    expect(known(our?.data)).toEqual(known(their?.data));
  });

  it.each([
    "/api/traces",
    "/api/traces/xyz",
    "/api/traces/1234",
    "/api/traces?service=web&start=x",
    "/api/traces?service=web&minDuration=5",
    "/api/traces?service=web&minDuration=2s&maxDuration=1s",
    "/api/traces?service=web&tag=nocolon",
    "/api/operations",
  ])("refuses with the same status: %s", async (path) => {
    const [ourAnswer, theirAnswer] = await both(path);
    expect(ourAnswer.status).toBe(theirAnswer.status);
    const body = (await ourAnswer.json()) as { readonly errors: readonly { readonly code: number }[] };
    expect(body.errors[0]?.code).toBe(theirAnswer.status);
  });

  it.each(["/api/v3/services", "/api/v3/operations?service=llm"])("v3 lists the same: %s", async (path) => {
    const [ourAnswer, theirAnswer] = await both(path);
    const [our, their] = [await ourAnswer.json(), await theirAnswer.json()];
    const known = JSON.parse(JSON.stringify(their).replace(/,?"jaeger-all-in-one"/, "")) as unknown;
    expect(comparable(our)).toEqual(comparable(known));
  });
});

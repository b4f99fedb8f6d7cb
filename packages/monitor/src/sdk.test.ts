import { ATTR, llmFieldsOf } from "@nexent/monitor-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, expectTypeOf, it } from "vitest";
import {
  addSpanEvent,
  configure,
  createTokenTracker,
  getCurrentSpan,
  getMonitoringManager,
  metricsText,
  monitoringManager,
  MONITORING_AVAILABLE,
  monitorLlmCall,
  setSpanAttributes,
  shutdown,
  status,
  traceLlmRequest,
} from "./index.ts";
import * as monitor from "./index.ts";
import { attributeMap, HELLO } from "./testing/follow.testing.ts";
import { attributesOf, startOtlpServer, type JsonSpan, type OtlpServer } from "./testing/otlp-server.testing.ts";

let server: OtlpServer;

beforeAll(async () => {
  server = await startOtlpServer();
  process.env["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/json";
  process.env["OTEL_BSP_SCHEDULE_DELAY"] = "10";
});

beforeEach(() => {
  server.received.length = 0;
  configure({ enabled: true, serviceName: "sdk-test", endpoint: `${server.url}/v1/traces`, slowRequestSeconds: 5 });
});

afterEach(() => shutdown());
afterAll(() => server.close());

function count(line: string): number | undefined {
  const found = metricsText()
    .split("\n")
    .find((one) => one.startsWith(`${line} `));
  return found === undefined ? undefined : Number(found.slice(line.length + 1));
}

/** Requests of a model in `llm_requests`, over all outcomes. */
function requestsOf(model: string): number {
  const lines = metricsText().split("\n");
  const own = lines.filter((line) => line.startsWith("llm_requests_total{") && line.includes(`model="${model}"`));
  return own.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
}

function byName(spans: readonly JsonSpan[], name: string): JsonSpan {
  const found = spans.find((span) => span.name === name);
  if (found === undefined) throw new Error(`no span ${name} among ${spans.map((span) => span.name).join()}`);
  return found;
}

const llmFields = (span: JsonSpan): ReturnType<typeof llmFieldsOf> =>
  llmFieldsOf({ attributes: attributeMap(attributesOf(span)), status: "unset", durationNanos: 1n });

async function* pieces(): AsyncGenerator<string, void, unknown> {
  yield "Hel";
  yield "lo";
}

describe("monitorLlmCall", () => {
  it("exports a span and counts the call", async () => {
    const ask = monitorLlmCall("gpt-4o", "chat_completion", { provider: "openai", attributes: { tenant: "blue" } })(
      async (question: string) => ({ question, usage: { prompt_tokens: 3, completion_tokens: 5 } }),
    );
    expectTypeOf(ask).toEqualTypeOf<
      (question: string) => Promise<{ question: string; usage: { prompt_tokens: number; completion_tokens: number } }>
    >();
    expect((await ask("why")).question).toBe("why");
    const [span] = await server.waitForSpans(1);
    expect(span).toMatchObject({ name: "chat gpt-4o", kind: 3, status: { code: 0 } });
    expect(span && attributesOf(span)).toMatchObject({
      [ATTR.genAiOperationName]: "chat",
      [ATTR.llmOperation]: "chat_completion",
      [ATTR.genAiProviderName]: "openai",
      [ATTR.llmOutcome]: "ok",
      tenant: "blue",
    });
    const labels = 'model="gpt-4o",operation="chat_completion",provider="openai"';
    expect(count(`llm_requests_total{${labels},stream="false",outcome="ok"}`)).toBe(1);
    expect(count(`llm_total_tokens_total{${labels},type="output",estimated="false"}`)).toBe(5);
  });

  it("finds the model from the arguments and calls it unknown when that fails", async () => {
    const ask = monitorLlmCall((request: { model: string }) => request.model)(async (_request: { model: string }) => 1);
    await ask({ model: "from-args" });
    const broken = monitorLlmCall(() => {
      throw new Error("no model");
    })(() => 2);
    expect(broken()).toBe(2);
    expect(requestsOf("from-args")).toBe(1);
    expect(requestsOf("unknown")).toBe(1);
    const unknown = byName(await server.waitForSpans(2), "text_completion");
    expect(attributesOf(unknown)).not.toHaveProperty(ATTR.genAiRequestModel);
  });

  it("follows a stream to its end", async () => {
    const stream = monitorLlmCall("streamed", "chat", { provider: "openai" })(async () =>
      (async function* chunks() {
        for (const chunk of HELLO) yield chunk;
      })(),
    );
    for await (const _ of await stream());
    const [span] = await server.waitForSpans(1);
    expect(span && llmFields(span)).toMatchObject({
      outcome: "ok",
      streaming: true,
      finishReason: "stop",
      model: "streamed",
    });
    expect(span?.events.map(({ name }) => name)).toEqual(["first_token_received"]);
  });

  it("runs each step of an async generator function in its own span, and leaks nothing to the consumer", async () => {
    const inside: (string | undefined)[] = [];
    const stream = monitorLlmCall(
      "generator",
      "chat",
    )(async function* steps() {
      inside.push(getCurrentSpan()?.spanId);
      yield "a";
      await Promise.resolve();
      inside.push(getCurrentSpan()?.spanId);
      addSpanEvent("inside");
      yield "b";
    });
    for await (const _ of stream()) expect(getCurrentSpan()).toBeUndefined();
    const [span] = await server.waitForSpans(1);
    expect(inside).toEqual([span?.spanId, span?.spanId]);
    expect(span?.events.map(({ name }) => name)).toContain("inside");
  });

  it("never lets a fault of its own reach the host", async () => {
    const hostile = Object.defineProperty({}, "attribute", {
      enumerable: true,
      get() {
        throw new Error("getter");
      },
    });
    const ask = monitorLlmCall("hostile", "chat", { attributes: hostile })(async () => "fine");
    expect(await ask()).toBe("fine");
    addSpanEvent("x", hostile);
    traceLlmRequest("chat", "m", () => {
      setSpanAttributes(hostile);
      addSpanEvent("x", hostile);
    });
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- wrong on purpose
    for (const bad of [undefined, null, 5, {}, Symbol("s")] as never[]) {
      expect(await monitorLlmCall(bad, bad)(async () => "fine")()).toBe("fine");
    }
  });
});

describe("nested observation", () => {
  it("counts a wrapped call inside a wrapped call once, by the inner one, and keeps both spans", async () => {
    const inner = monitorLlmCall("inner-model", "chat")(async () => "text");
    const outer = monitorLlmCall(
      "outer-model",
      "chat",
    )(async () => {
      await Promise.resolve();
      return inner();
    });
    expect(await outer()).toBe("text");
    expect([requestsOf("inner-model"), requestsOf("outer-model")]).toEqual([1, 0]);
    const spans = await server.waitForSpans(2);
    const [one, two] = [byName(spans, "chat inner-model"), byName(spans, "chat outer-model")];
    expect(one.parentSpanId).toBe(two.spanId);
    expect(one.traceId).toBe(two.traceId);
    expect([llmFields(one)?.outcome, llmFields(two)]).toEqual(["ok", undefined]);
  });

  it("does not confuse parallel calls", async () => {
    const inner = monitorLlmCall(
      "parallel",
      "chat",
    )(async (ms: number) => new Promise((resolve) => setTimeout(resolve, ms)));
    const outer = monitorLlmCall(
      (name: string) => name,
      "chat",
    )(async (_name: string, ms: number) => {
      await inner(ms);
    });
    await Promise.all([outer("p1", 15), outer("p2", 5), outer("p3", 10)]);
    const spans = await server.waitForSpans(6);
    const parents = spans.filter(({ name }) => name === "chat parallel").map(({ parentSpanId }) => parentSpanId);
    expect(new Set(parents)).toEqual(new Set(["p1", "p2", "p3"].map((name) => byName(spans, `chat ${name}`).spanId)));
    expect(requestsOf("parallel")).toBe(3);
  });

  it("adds the marks of a tracker or a block to the call around it: one record", async () => {
    const ask = monitorLlmCall(
      "around",
      "chat",
    )(async () => {
      const tracker = createTokenTracker("ignored");
      for await (const text of pieces()) tracker.recordToken(text);
      tracker.recordCompletion({ inputTokens: 2, outputTokens: 4 });
      return traceLlmRequest("chat", "ignored", () => "answer");
    });
    expect(await ask()).toBe("answer");
    expect([requestsOf("around"), requestsOf("ignored")]).toEqual([1, 0]);
    const [span] = await server.waitForSpans(1);
    expect(span && llmFields(span)).toMatchObject({ outcome: "ok", streaming: true, inputTokens: 2, outputTokens: 4 });
  });
});

describe("traceLlmRequest", () => {
  it("makes its span active inside and hands the result back", async () => {
    const result = await traceLlmRequest(
      "custom_operation",
      "m",
      { [ATTR.genAiProviderName]: "groq" },
      async (request) => {
        await Promise.resolve();
        addSpanEvent("step", { n: 1 });
        setSpanAttributes({ "app.key": "v" });
        for await (const text of pieces()) request.recordToken(text);
        request.recordCompletion(3, 9);
        return 7;
      },
    );
    expectTypeOf(result).toEqualTypeOf<number>();
    expect(result).toBe(7);
    const [span] = await server.waitForSpans(1);
    expect(span?.name).toBe("custom_operation m");
    expect(span?.events.map(({ name }) => name)).toContain("step");
    expect(span && attributesOf(span)).toMatchObject({ "app.key": "v", [ATTR.genAiProviderName]: "groq" });
    expect(span && llmFields(span)).toMatchObject({ outcome: "ok", inputTokens: 3, outputTokens: 9, streaming: true });
  });

  it("follows a stream that the block returns", async () => {
    const stream = traceLlmRequest("chat", "block-stream", () => pieces());
    const seen: string[] = [];
    for await (const text of stream) seen.push(text);
    expect(seen).toEqual(["Hel", "lo"]);
    expect(requestsOf("block-stream")).toBe(1);
  });

  it("rethrows the same error", async () => {
    const error = Object.assign(new Error("limit"), { status: 429 });
    expect(() =>
      traceLlmRequest("chat", "failing", () => {
        throw error;
      }),
    ).toThrow(error);
    await expect(traceLlmRequest("chat", "failing", () => Promise.reject(error))).rejects.toBe(error);
    expect(
      count('llm_error_count_total{model="failing",operation="chat",provider="unknown",error_type="rate_limited"}'),
    ).toBe(2);
  });

  it("works with using: completed, failed, cancelled, and left without a word", async () => {
    {
      using request = traceLlmRequest("chat", "used");
      expect(request.run(() => getCurrentSpan()?.spanId)).toBeTypeOf("string");
      expect(getCurrentSpan()).toBeUndefined();
      request.setAttributes({ own: 1 });
      request.recordToken("a");
      request.recordCompletion();
    }
    {
      await using request = traceLlmRequest("chat", "failed");
      request.fail(Object.assign(new Error("x"), { status: 503 }));
      request.recordCompletion();
    }
    {
      using request = traceLlmRequest("chat", "stopped");
      request.cancel();
    }
    {
      using _request = traceLlmRequest("chat", "silent");
    }
    const spans = await server.waitForSpans(4);
    const fields = ["used", "failed", "stopped", "silent"].map((model) => llmFields(byName(spans, `chat ${model}`)));
    expect(fields.map((one) => [one?.outcome, one?.errorType])).toEqual([
      ["ok", undefined],
      ["error", "overloaded"],
      ["cancelled", undefined],
      ["error", "unknown"],
    ]);
  });
});

describe("createTokenTracker", () => {
  it("times a hand-written stream: firsts, counts, and the first terminal call wins", async () => {
    const tracker = createTokenTracker("tracked", { operation: "chat", provider: "openai" });
    tracker.recordToken("");
    tracker.recordFirstToken();
    await new Promise((resolve) => setTimeout(resolve, 15));
    tracker.recordToken("Hel", { count: 2 });
    tracker.recordToken("lo", { kind: "reasoning", count: 3 });
    tracker.recordCompletion(7);
    tracker.fail(new Error("too late"));
    tracker.recordToken("too late");
    const [span] = await server.waitForSpans(1);
    const fields = span && llmFields(span);
    expect(fields).toMatchObject({ outcome: "ok", inputTokens: 7, outputTokens: 5, tokenSource: "continuous_usage" });
    expect(fields?.ttftSeconds).toBeLessThan(0.012);
    expect(requestsOf("tracked")).toBe(1);
  });

  it("works with using: a block left without a word is an error", async () => {
    {
      using tracker = createTokenTracker("kept", { operation: "chat" });
      tracker.recordFirstToken();
      tracker.recordCompletion();
    }
    {
      using _tracker = createTokenTracker("lost", { operation: "chat" });
    }
    const spans = await server.waitForSpans(2);
    const outcomes = ["kept", "lost"].map((model) => llmFields(byName(spans, `chat ${model}`))?.outcome);
    expect(outcomes).toEqual(["ok", "error"]);
  });

  it("drops counts nobody can mean", () => {
    const tracker = createTokenTracker("odd", { operation: "chat" });
    tracker.recordToken("a", { count: Number.NaN });
    tracker.recordCompletion({ inputTokens: -1, outputTokens: Number.POSITIVE_INFINITY });
    expect(metricsText()).not.toMatch(/llm_total_tokens_total\{model="odd".*type="input"/);
  });
});

describe("life cycle", () => {
  it("is the same object under every name", () => {
    expect(getMonitoringManager()).toBe(monitoringManager);
    expect(monitoringManager.monitorLlmCall).toBe(monitorLlmCall);
    expect(monitoringManager.available).toBe(MONITORING_AVAILABLE);
    const functions = Object.entries(monitor).filter(([, value]) => typeof value === "function");
    const missing = functions.filter(([name, value]) => Reflect.get(monitoringManager, name) !== value);
    expect(missing.map(([name]) => name)).toEqual(["getMonitoringManager"]);
    expect(status()).toEqual({ state: "active", tracing: "own", serviceName: "sdk-test" });
    expect(MONITORING_AVAILABLE).toBe(true);
  });

  it("acts on later calls when it is configured again, and keeps what is fixed", async () => {
    configure({ slowRequestSeconds: 0.001 });
    await traceLlmRequest("chat", "slow", () => new Promise((resolve) => setTimeout(resolve, 10)));
    expect(count('llm_slow_requests_total{model="slow",operation="chat",provider="unknown",reason="duration"}')).toBe(
      1,
    );
    expect(configure({ serviceName: "another" }).state).toBe("active");
    expect(status().serviceName).toBe("sdk-test");
  });

  it("can be turned off and on again while it runs", async () => {
    const ask = monitorLlmCall("toggled", "chat")(async () => 1);
    expect(configure({ enabled: false }).state).toBe("disabled");
    expect(await ask()).toBe(1);
    expect(configure({ enabled: true }).state).toBe("active");
    await ask();
    expect(requestsOf("toggled")).toBe(1);
  });

  it("ends open calls as abandoned at shutdown, then stays off until it is configured", async () => {
    const tracker = createTokenTracker("open", { operation: "chat" });
    await shutdown();
    await shutdown();
    const [span] = await server.waitForSpans(1);
    expect(span && llmFields(span)?.outcome).toBe("abandoned");
    tracker.recordToken("late");
    tracker.recordCompletion();
    expect([status().state, MONITORING_AVAILABLE, getCurrentSpan()]).toEqual(["disabled", false, undefined]);
    expect(await monitorLlmCall("after")(async () => 1)()).toBe(1);
  });

  it("shows exemplars in OpenMetrics only", async () => {
    await traceLlmRequest("chat", "exemplar", async () => 1);
    expect(metricsText("openmetrics")).toContain("# {trace_id=");
    expect(metricsText("openmetrics").endsWith("# EOF\n")).toBe(true);
    expect(metricsText()).not.toContain("trace_id");
  });
});

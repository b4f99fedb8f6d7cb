import { ATTR } from "@nexent/monitor-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { configure, getCurrentSpan, metricsText, monitorEndpoint, monitorLlmCall, shutdown } from "./index.ts";
import { collectUntil, HELLO, readAll } from "./testing/follow.testing.ts";
import { attributesOf, startOtlpServer, type JsonSpan, type OtlpServer } from "./testing/otlp-server.testing.ts";

let otlp: OtlpServer;
beforeAll(async () => {
  otlp = await startOtlpServer();
  process.env["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/json";
  process.env["OTEL_BSP_SCHEDULE_DELAY"] = "10";
});
beforeEach(() => {
  otlp.received.length = 0;
  configure({ enabled: true, serviceName: "endpoints", endpoint: `${otlp.url}/v1/traces`, streamIdleSeconds: 600 });
});
afterEach(() => shutdown());
afterAll(() => otlp.close());

/** Calls by endpoint and outcome. */
function counted(): Record<string, number> {
  const found: Record<string, number> = {};
  const line = /^nexent_endpoint_duration_seconds_count\{endpoint="([^"]*)",outcome="([^"]*)"\} (\d+)$/gm;
  for (const [, endpoint, outcome, count] of metricsText().matchAll(line))
    found[`${endpoint} ${outcome}`] = Number(count);
  return found;
}

/** What the endpoint itself wrote; why the trace was kept is another's business. */
function ownAttributes(span: JsonSpan): Record<string, unknown> {
  const { [ATTR.samplingReason]: _, ...own } = attributesOf(span);
  return own;
}

async function onlySpan(): Promise<JsonSpan> {
  const [span, ...more] = await otlp.waitForSpans(1);
  expect(more).toEqual([]);
  return span ?? expect.fail("no span");
}

describe("monitorEndpoint", () => {
  it("opens an INTERNAL span and its own family, and touches no llm family", async () => {
    const answer = monitorEndpoint("shop.answer", { attributes: { tenant: "blue" } })(async (question: string) => {
      await Promise.resolve();
      return { question, span: getCurrentSpan()?.spanId, usage: { prompt_tokens: 5, completion_tokens: 7 } };
    });
    const result = await answer("why");
    const span = await onlySpan();
    expect([span.name, span.kind, span.spanId, result.question]).toEqual(["shop.answer", 1, result.span, "why"]);
    expect(ownAttributes(span)).toEqual({ tenant: "blue" });
    expect(counted()).toEqual({ "shop.answer ok": 1 });
    expect(metricsText()).not.toMatch(/^llm_[a-z_]+\{/m);
  });

  it("takes class and method, or the function, as its name", async () => {
    class Shop {
      @monitorEndpoint()
      find(): number {
        return 1;
      }

      @monitorEndpoint()
      static list(): number {
        return 2;
      }
    }
    class Bakery extends Shop {}
    const holder = { sell: monitorEndpoint()(function sell() {}), lone: monitorEndpoint()(() => 3) };
    Reflect.defineProperty(holder.lone, "name", { value: "" });
    new Shop().find();
    new Bakery().find();
    Shop.list();
    holder.sell();
    expect(counted()).toEqual({ "Shop.find ok": 1, "Bakery.find ok": 1, "Shop.list ok": 1, "sell ok": 1 });
  });

  it("captures no parameter unless it is listed", async () => {
    const silent = monitorEndpoint("silent")((_id: string, _key: string) => 1);
    const telling = monitorEndpoint("telling", { includeParams: ["*"], excludeParams: ["apiKey", "body.text"] })(
      (_id: string, _apiKey: string, _body: { readonly text: string; readonly size: number }) => 2,
    );
    silent("7", "sk-0123456789");
    telling("7", "sk-0123456789", { text: "private", size: 3 });
    const spans = await otlp.waitForSpans(2);
    const found = spans.map(ownAttributes);
    expect(found).toEqual([{}, { "param._id": "7", "param._body.text": "private", "param._body.size": 3 }]);
  });

  it("rethrows the same error and tells its kind", async () => {
    const error = Object.assign(new Error("limit for sk-0123456789abcdef"), { status: 429 });
    const failing = monitorEndpoint("failing")(() => {
      throw error;
    });
    const rejecting = monitorEndpoint("rejecting")(() => Promise.reject(error));
    expect(failing).toThrow(error);
    await expect(rejecting()).rejects.toBe(error);
    const [span] = await otlp.waitForSpans(2);
    expect([span?.status.code, span?.status.message, span?.events.map(({ name }) => name)]).toEqual([
      2,
      "rate_limited",
      ["exception"],
    ]);
    expect(JSON.stringify(span)).not.toContain("0123456789abcdef");
    expect(counted()).toEqual({ "failing error": 1, "rejecting error": 1 });
  });

  it("takes an abort for a cancel, and a returned refusal for an answer", async () => {
    const aborted = monitorEndpoint("aborted")(() => Promise.reject(new DOMException("gone", "AbortError")));
    await expect(aborted()).rejects.toThrow("gone");
    const refuse = monitorEndpoint("refuse")((status: number) => new Response(null, { status }));
    expect([refuse(404).status, refuse(503).status]).toEqual([404, 503]);
    expect(counted()).toEqual({ "aborted cancelled": 1, "refuse ok": 1, "refuse error": 1 });
  });

  it("is left alone while monitoring is off", async () => {
    const answer = monitorEndpoint("off")((a: number) => a + 1);
    configure({ enabled: false });
    expect(answer(1)).toBe(2);
    configure({ enabled: true });
    expect(answer(1)).toBe(2);
    expect(counted()).toEqual({ "off ok": 1 });
  });

  it("folds names beyond a hundred, and counts the folds", () => {
    for (let i = 0; i < 103; i += 1) monitorEndpoint(`endpoint-${i}`)(() => 1)();
    const found = counted();
    expect([Object.keys(found).length, found["__overflow__ ok"]]).toEqual([101, 3]);
    expect(metricsText()).toContain('nexent_monitor_label_overflow_total{label="endpoint"} 3');
  });

  it("never lets a fault of its own reach the host", () => {
    const hostile = Object.defineProperty({}, "attributes", {
      get() {
        throw new Error("getter");
      },
    });
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- wrong on purpose
    for (const bad of [undefined, null, 5, {}, [], Symbol("s"), { includeParams: 5 }] as never[]) {
      expect(monitorEndpoint(bad, bad)((a: number) => a)(4)).toBe(4);
    }
    expect(() => monitorEndpoint("hostile", hostile)).not.toThrow();
  });
});

describe("an endpoint that streams", () => {
  const outcome = async (run: () => Promise<unknown>): Promise<Record<string, number>> => {
    await run();
    return counted();
  };

  it("ends with its stream, whatever the stream holds", async () => {
    const stream = monitorEndpoint("stream")(async () =>
      (async function* chunks() {
        await new Promise((resolve) => setTimeout(resolve, 20));
        // A format we know, without the end it should have: that is the endpoint's business.
        for (const chunk of HELLO.slice(0, 2)) yield chunk;
      })(),
    );
    expect(await outcome(async () => readAll(await stream()))).toEqual({ "stream ok": 1 });
    const span = await onlySpan();
    expect(Number(BigInt(span.endTimeUnixNano) - BigInt(span.startTimeUnixNano)) / 1e6).toBeGreaterThan(18);
    expect(ownAttributes(span)).toEqual({});
  });

  it("counts bytes of its own format as nothing, and a web stream to its end", async () => {
    const text = new TextEncoder().encode('data: {"choices":[{"delta":{"content":"x"}}]}\n\n');
    const stream = monitorEndpoint("web")(
      () => new ReadableStream({ start: (controller) => (controller.enqueue(text), controller.close()) }),
    );
    expect(await outcome(() => readAll(stream()))).toEqual({ "web ok": 1 });
  });

  it("is cancelled when its reader leaves, an error when it throws", async () => {
    const stream = monitorEndpoint((["generator"] as const)[0])(async function* numbers(fail: boolean) {
      yield 1;
      if (fail) throw new Error("broken");
      yield 2;
    });
    for await (const _ of stream(false)) break;
    await expect(readAll(stream(true))).rejects.toThrow("broken");
    expect(counted()).toEqual({ "generator cancelled": 1, "generator error": 1 });
  });

  it("is abandoned without a duration when nobody reads it", async () => {
    const stream = monitorEndpoint("unread")(async function* numbers() {
      yield 1;
    });
    (() => void stream())();
    await collectUntil(() => otlp.spans().length > 0);
    expect([counted(), (await onlySpan()).name]).toEqual([{}, "unread"]);
  });

  it("runs each step of a generator in its span", async () => {
    const seen: (string | undefined)[] = [];
    const stream = monitorEndpoint("steps")(async function* steps() {
      seen.push(getCurrentSpan()?.spanId);
      yield 1;
      seen.push(getCurrentSpan()?.spanId);
    });
    for await (const _ of stream()) expect(getCurrentSpan()).toBeUndefined();
    const { spanId } = await onlySpan();
    expect(seen).toEqual([spanId, spanId]);
  });
});

describe("an endpoint around calls of a model", () => {
  it("is the parent of the call, and both are counted in their own families", async () => {
    const ask = monitorLlmCall("inner", "chat")(async () => "text");
    const answer = monitorEndpoint("outer")(async () => ask());
    expect(await answer()).toBe("text");
    const spans = await otlp.waitForSpans(2);
    const [call, endpoint] = ["chat inner", "outer"].map((name) => spans.find((span) => span.name === name));
    expect(call?.parentSpanId).toBe(endpoint?.spanId);
    expect([counted(), metricsText().match(/^llm_requests_total\{model="inner".* 1$/m)?.length]).toEqual([
      { "outer ok": 1 },
      1,
    ]);
  });

  it("can be on the same method as the call", async () => {
    class Assistant {
      @monitorEndpoint()
      @monitorLlmCall("both", "chat")
      async *ask(count: number): AsyncGenerator<string, void, unknown> {
        for (let i = 0; i < count; i += 1) yield "x";
      }
    }
    expect(await readAll(new Assistant().ask(3))).toEqual(["x", "x", "x"]);
    const spans = await otlp.waitForSpans(2);
    expect(new Set(spans.map(({ name }) => name))).toEqual(new Set(["Assistant.ask", "chat both"]));
    expect(counted()).toEqual({ "Assistant.ask ok": 1 });
    expect(metricsText()).toMatch(/^llm_requests_total\{model="both".*outcome="ok"\} 1$/m);
  });
});

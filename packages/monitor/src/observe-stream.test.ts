import { ATTR } from "@nexent/monitor-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, expectTypeOf, it } from "vitest";
import { configure, metricsText, monitorLlmCall, observeStream, shutdown } from "./index.ts";
import { HELLO, readAll } from "./testing/follow.testing.ts";
import { attributesOf, startOtlpServer, type JsonSpan, type OtlpServer } from "./testing/otlp-server.testing.ts";

let otlp: OtlpServer;
beforeAll(async () => {
  otlp = await startOtlpServer();
  process.env["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/json";
  process.env["OTEL_BSP_SCHEDULE_DELAY"] = "10";
});
beforeEach(() => {
  otlp.received.length = 0;
  configure({ enabled: true, serviceName: "streams", endpoint: `${otlp.url}/v1/traces` });
});
afterEach(() => shutdown());
afterAll(() => otlp.close());

async function onlySpan(): Promise<JsonSpan> {
  const [span, ...more] = await otlp.waitForSpans(1);
  expect(more).toEqual([]);
  return span ?? expect.fail("no span");
}

async function* chunks(): AsyncGenerator<object, void, unknown> {
  for (const chunk of HELLO) yield chunk;
}

describe("observeStream", () => {
  it("gives the same object back and observes it as one call", async () => {
    const stream = chunks();
    const observed = observeStream(stream, { model: "gpt-4o", operation: "chat", provider: "openai" });
    expectTypeOf(observed).toEqualTypeOf<AsyncGenerator<object, void, unknown>>();
    expect(observed).toBe(stream);
    expect(await readAll(observed)).toEqual(HELLO);
    const span = await onlySpan();
    expect([span.name, attributesOf(span)[ATTR.llmOutcome], attributesOf(span)[ATTR.llmStream]]).toEqual([
      "chat gpt-4o",
      "ok",
      true,
    ]);
  });

  it("counts the time since the request was sent, when it is told", async () => {
    const startedAtMs = performance.now() - 500;
    await readAll(observeStream(chunks(), { model: "late", startedAtMs }));
    await readAll(observeStream(chunks(), { model: "now" }));
    await readAll(observeStream(chunks(), { model: "odd", startedAtMs: performance.now() + 60_000 }));
    const spans = await otlp.waitForSpans(3);
    const ttftOf = (model: string): unknown => {
      const span = spans.find(({ name }) => name === `text_completion ${model}`) ?? expect.fail(model);
      return attributesOf(span)[ATTR.llmTimeToFirstTokenSeconds];
    };
    expect(ttftOf("late")).toBeGreaterThan(0.5);
    expect(ttftOf("now")).toBeLessThan(0.4);
    expect(ttftOf("odd")).toBeLessThan(0.4);
  });

  it("wraps a web stream, and knows when its reader leaves", async () => {
    const source = new ReadableStream({
      pull: (controller) => controller.enqueue("x"),
    });
    const observed = observeStream(source, { model: "web" });
    expect(observed).not.toBe(source);
    const reader = observed.getReader();
    await reader.read();
    await reader.cancel();
    expect(attributesOf(await onlySpan())[ATTR.llmOutcome]).toBe("cancelled");
  });

  it("owns the record of the call around it", async () => {
    const ask = monitorLlmCall("outer", "chat")(async () => observeStream(chunks(), { model: "inner" }));
    await readAll(await ask());
    expect(metricsText().match(/^llm_requests_total\{model="(\w+)".* 1$/gm)).toEqual([
      expect.stringContaining('model="inner"'),
    ]);
  });

  it("leaves anything else as it was, with options that may be anything", () => {
    const plain = { a: 1 };
    expect(observeStream(plain, { model: "plain" })).toBe(plain);
    for (const bad of [undefined, null, 5, "text"]) {
      expect(Reflect.apply(observeStream, undefined, [bad, { model: "x" }])).toBe(bad);
      expect(Reflect.apply(observeStream, undefined, [plain, bad])).toBe(plain);
    }
    configure({ enabled: false });
    expect(observeStream(plain, { model: "off" })).toBe(plain);
  });
});

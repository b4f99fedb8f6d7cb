import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestReceiver, type TestReceiver } from "../testing/receiver.ts";

/**
 * Real OpenTelemetry JS exporters as senders. They come with `@nexent/performance`, not with this package, so they are
 * loaded by name and used through the few members named here.
 */
interface Exporter {
  export(spans: readonly unknown[], done: (result: { readonly code: number; readonly error?: Error }) => void): void;
  shutdown(): Promise<void>;
}
interface Sender {
  readonly OTLPTraceExporter: new (options: { readonly url: string; readonly compression?: string }) => Exporter;
}
interface Span {
  setAttribute(key: string, value: unknown): Span;
  addEvent(name: string, attributes: Readonly<Record<string, unknown>>): Span;
  spanContext(): { readonly traceId: string; readonly spanId: string };
  end(): void;
}
interface Tracing {
  readonly TracerProvider: new (options: object) => {
    getTracer(name: string): { startSpan(name: string, options: object): Span };
  };
  readonly InMemorySpanExporter: new () => { getFinishedSpans(): readonly unknown[] };
  readonly SimpleSpanProcessor: new (options: { readonly exporter: unknown }) => unknown;
}

const SENDERS = ["@opentelemetry/exporter-trace-otlp-proto", "@opentelemetry/exporter-trace-otlp-http"];
const SDK = "@opentelemetry/sdk-trace";

let receiver: TestReceiver;
beforeAll(async () => {
  receiver = await startTestReceiver();
});
afterAll(() => receiver.stop());

async function finishedSpans(
  names: readonly string[],
): Promise<{ readonly spans: readonly unknown[]; readonly last: Span }> {
  const sdk: Tracing = await import(SDK);
  const { TracerProvider, InMemorySpanExporter, SimpleSpanProcessor } = sdk;
  const memory = new InMemorySpanExporter();
  const tracer = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter: memory })] }).getTracer(
    "sender",
  );
  let last: Span | undefined;
  for (const name of names) {
    last = tracer.startSpan(name, { kind: 2 });
    last.setAttribute("gen_ai.operation.name", "chat").setAttribute("gen_ai.request.model", "gpt-4o");
    last.setAttribute("ratio", 0.5).setAttribute("count", 42).setAttribute("list", ["a", "b"]).setAttribute("on", true);
    last.addEvent("first", { at: 1 });
    last.end();
  }
  if (last === undefined) throw new Error("no span was made");
  return { spans: memory.getFinishedSpans(), last };
}

function send(exporter: Exporter, spans: readonly unknown[]): Promise<number> {
  return new Promise((resolve) => exporter.export(spans, ({ code }) => resolve(code)));
}

describe.each(SENDERS)("%s", (name) => {
  it.each(["none", "gzip"])("is understood with compression %s, types intact", async (compression) => {
    const { OTLPTraceExporter }: Sender = await import(name);
    const exporter = new OTLPTraceExporter({ url: `${receiver.url}/v1/traces`, compression });
    const { spans, last } = await finishedSpans(["one", "two"]);
    expect(await send(exporter, spans)).toBe(0);
    const { traceId, spanId } = last.spanContext();
    const stored = (await receiver.store.trace(traceId)).find(({ span }) => span.spanId === spanId);
    expect(stored?.span).toMatchObject({ name: "two", kind: "client", scope: "sender" });
    expect(Object.fromEntries(stored?.span.attributes ?? [])).toMatchObject({
      ratio: 0.5,
      count: 42,
      list: ["a", "b"],
      on: true,
    });
    expect(stored?.span.events[0]?.name).toBe("first");
    expect(stored?.llm).toMatchObject({ model: "gpt-4o", operation: "chat" });
    expect(stored?.span.resource.service).not.toMatch(/^unknown_service|^$/);
    await exporter.shutdown();
  });
});

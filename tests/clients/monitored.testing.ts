import { configure, metricsText, shutdown } from "@nexent/monitor";
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import {
  attributesOf,
  startOtlpServer,
  type JsonSpan,
  type OtlpServer,
} from "../../packages/monitor/src/testing/otlp-server.testing.ts";

/** A finished span as a test looks at it. */
export interface SeenSpan {
  readonly name: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly attributes: Record<string, unknown>;
}

/** The monitor of this process, on for every test of the file, exporting to a real receiver. */
export interface Monitored {
  /** Resolves when `count` spans have arrived; there must be no more. */
  spans(count: number): Promise<SeenSpan[]>;
  /** Sample lines of a metric family. */
  samples(family: string): string[];
}

export function monitorEachTest(): Monitored {
  let server: OtlpServer | undefined;
  beforeAll(async () => {
    server = await startOtlpServer();
    process.env["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/json";
    process.env["OTEL_BSP_SCHEDULE_DELAY"] = "10";
  });
  beforeEach(() => {
    if (server !== undefined) server.received.length = 0;
    configure({ enabled: true, serviceName: "clients-test", endpoint: `${server?.url}/v1/traces` });
  });
  afterEach(() => shutdown());
  afterAll(() => server?.close());
  return {
    async spans(count) {
      const spans = await ownSpans(server, count);
      expect(spans.map(({ name }) => name)).toHaveLength(count);
      return spans.map(({ name, spanId, parentSpanId, attributes }) => ({
        name,
        spanId,
        parentSpanId: parentSpanId === "" ? undefined : parentSpanId,
        attributes: attributesOf({ attributes }),
      }));
    },
    samples: (family) =>
      metricsText()
        .split("\n")
        .filter((line) => line.startsWith(`${family}{`)),
  };
}

/** Waits for `count` spans besides those that `@anthropic-ai/sdk` itself makes once an OpenTelemetry API is there. */
async function ownSpans(server: OtlpServer | undefined, count: number): Promise<readonly JsonSpan[]> {
  for (let asked = count; ; asked++) {
    const spans = (await server?.waitForSpans(asked)) ?? [];
    const own = spans.filter(({ name }) => !name.startsWith("anthropic."));
    if (own.length >= count || spans.length < asked) return own;
  }
}

/** `name{labels}` of samples, without the labels that say nothing in the test. */
export function outcomes(lines: readonly string[]): string[] {
  return lines.map((line) => {
    const stream = /stream="(\w+)"/.exec(line)?.[1];
    const outcome = /outcome="(\w+)"/.exec(line)?.[1];
    return `${outcome} stream=${stream} x${line.split(" ").at(-1)}`;
  });
}

/** Waits for something that happens by itself, at most two seconds. */
export async function until(done: () => boolean): Promise<void> {
  const deadline = performance.now() + 2000;
  while (!done() && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 2));
  expect(done()).toBe(true);
}

import type { RecordBatch } from "@nexent/monitor-core";
import { LIMITS } from "@nexent/monitor-core";
import type { EncodedSpans, WriteOutcome } from "@nexent/monitor-store";
import { describe, expect, it } from "vitest";
import { readJaegerThrift } from "../codecs/jaeger-thrift.ts";
import { readTracesJson } from "../codecs/otlp-json.ts";
import { SPANS_PER_STEP, stepByStep, type Steps } from "../codecs/steps.ts";
import { spanCount, type TelemetryBatch } from "../codecs/telemetry-batch.ts";
import { encodeJson } from "../testing/otlp-encode.ts";
import { startTestReceiver } from "../testing/receiver.ts";
import { telemetryBatch, telemetrySpan } from "../testing/spans.ts";
import { i64Field, listField, spanStruct, structOf, textTag, thriftBatch } from "../testing/thrift-bytes.ts";
import { createJaegerThriftReceiver } from "./jaeger-thrift.ts";

const SPANS = 10 * SPANS_PER_STEP;

/** A span of its own id. */
function thriftSpan(n: number, ...more: readonly Uint8Array[]): Buffer {
  return structOf(spanStruct({ without: 3, more: [i64Field(3, BigInt(n + 1)), ...more] }).subarray(0, -1));
}

function thriftBody(count: number): Buffer {
  return thriftBatch(...Array.from({ length: count }, (_, n) => thriftSpan(n)));
}

function jsonBody(count: number): Uint8Array {
  const spans = Array.from({ length: count }, (_, n) =>
    telemetrySpan({ spanId: (n + 1).toString(16).padStart(16, "0") }),
  );
  return Buffer.from(encodeJson(telemetryBatch(spans)));
}

/** Counts how often the event loop turns, from now on. */
function countTurns(): { readonly turns: number; stop(): void } {
  let turns = 0;
  let next = setImmediate(turn);
  function turn(): void {
    turns++;
    next = setImmediate(turn);
  }
  return {
    get turns() {
      return turns;
    },
    stop: () => clearImmediate(next),
  };
}

/** A store that notes how many spans came in which turn of the event loop. */
function notingStore(outcome: (batch: number) => WriteOutcome["status"] = () => "accepted") {
  const counter = countTurns();
  const writes: { readonly spans: number; readonly turn: number }[] = [];
  return {
    writes,
    stop: () => counter.stop(),
    async write(batch: RecordBatch | EncodedSpans): Promise<WriteOutcome> {
      const spans = "columns" in batch ? batch.rowCount : batch.spans.length;
      writes.push({ spans, turn: counter.turns });
      return outcome(writes.length) === "overloaded"
        ? { status: "overloaded", retryAfterMs: 1_000 }
        : { status: "accepted", records: spans };
    },
  };
}

async function post(url: string, body: Uint8Array, type: string): Promise<Response> {
  const answer = await fetch(url, { method: "POST", headers: { "content-type": type }, body: new Uint8Array(body) });
  await answer.arrayBuffer();
  return answer;
}

describe("large bodies", () => {
  it.each<[string, () => Steps<TelemetryBatch>]>([
    ["Jaeger thrift", () => readJaegerThrift(thriftBody(SPANS))],
    ["OTLP in JSON", () => readTracesJson(jsonBody(SPANS))],
  ])("let the event loop turn while they are decoded: %s", async (_name, read) => {
    const counter = countTurns();
    const batch = await stepByStep(read());
    counter.stop();
    expect(spanCount(batch)).toBe(SPANS);
    expect(counter.turns).toBeGreaterThanOrEqual(SPANS / SPANS_PER_STEP - 1);
  });

  it("let it turn for few spans with much in them, and drop what is far beyond every limit", async () => {
    const tags = listField(
      10,
      Array.from({ length: 2_000 }, (_, at) => textTag(`key-${at}`, "value")),
    );
    const counter = countTurns();
    const batch = await stepByStep(
      readJaegerThrift(thriftBatch(...Array.from({ length: 50 }, (_, n) => thriftSpan(n, tags)))),
    );
    counter.stop();
    expect(counter.turns).toBeGreaterThanOrEqual(10);
    expect(batch.droppedItems).toBe(50 * (2_000 - 8 * LIMITS.attributesPerSpan));
  });

  it("are handed to the store in slices, each in a turn of its own, and answered once", async () => {
    const store = notingStore();
    const thrift = await startTestReceiver({ create: createJaegerThriftReceiver, store });
    const otlp = await startTestReceiver({ store });
    const sent = [
      await post(`${thrift.url}/api/traces`, thriftBody(SPANS), "application/x-thrift"),
      await post(`${otlp.url}/v1/traces`, jsonBody(SPANS), "application/json"),
    ];
    store.stop();
    expect(sent.map(({ status }) => status)).toEqual([202, 200]);
    expect(store.writes.map(({ spans }) => spans)).toEqual(Array.from({ length: 20 }, () => SPANS_PER_STEP));
    expect(new Set(store.writes.map(({ turn }) => turn)).size).toBe(20);
    await Promise.all([thrift.stop(), otlp.stop()]);
  });

  it("are to be sent again as a whole when a slice was not kept", async () => {
    const store = notingStore((batch) => (batch === 3 ? "overloaded" : "accepted"));
    const receiver = await startTestReceiver({ create: createJaegerThriftReceiver, store });
    const answer = await post(`${receiver.url}/api/traces`, thriftBody(SPANS), "application/x-thrift");
    store.stop();
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([429, "1"]);
    await receiver.stop();
  });

  it("sum up what was rejected in any slice", async () => {
    const receiver = await startTestReceiver();
    const spans = Array.from({ length: SPANS }, (_, n) =>
      telemetrySpan({ spanId: n % SPANS_PER_STEP === 0 ? "00" : (n + 1).toString(16).padStart(16, "0") }),
    );
    const headers = { "content-type": "application/json" };
    const body = encodeJson(telemetryBatch(spans));
    const answer = await fetch(`${receiver.url}/v1/traces`, { method: "POST", headers, body });
    expect(await answer.json()).toMatchObject({ partialSuccess: { rejectedSpans: "10" } });
    expect((await receiver.store.stats()).spans).toBe(SPANS - 10);
    await receiver.stop();
  });
});

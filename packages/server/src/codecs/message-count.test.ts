import { LIMITS, MonitorError } from "@nexent/monitor-core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeJson, encodeProtobuf } from "../testing/otlp-encode.ts";
import { telemetryBatch, telemetrySpan } from "../testing/spans.ts";
import { checkContainerCount, checkMessageCount } from "./message-count.ts";
import { decodeTracesJson } from "./otlp-json.ts";
import { decodeTracesProtobuf } from "./otlp-traces.ts";

/** A length-delimited field. */
function field(id: number, content: Uint8Array): Buffer {
  const head = [id * 8 + 2];
  let left = content.byteLength;
  for (; left > 127; left >>>= 7) head.push((left & 127) | 128);
  return Buffer.concat([Buffer.from([...head, left]), content]);
}

/** One span that holds these bytes. */
function spanOf(content: Uint8Array): Buffer {
  return field(1, field(2, field(2, content)));
}

function codeOf(work: () => void): string {
  try {
    work();
    return "fine";
  } catch (error) {
    return error instanceof MonitorError ? error.code : String(error);
  }
}

const MANY = LIMITS.messagesPerRequest;

describe("more messages than memory can hold", () => {
  it.each<[string, Uint8Array]>([
    ["events", spanOf(Buffer.alloc(2 * MANY, Buffer.from([0x5a, 0])))],
    ["links", spanOf(Buffer.alloc(2 * MANY, Buffer.from([0x6a, 0])))],
    ["attributes", spanOf(Buffer.alloc(2 * MANY, Buffer.from([0x4a, 0])))],
    ["values of a list", spanOf(field(9, field(2, field(5, Buffer.alloc(2 * MANY, Buffer.from([0x0a, 0]))))))],
    ["events under another wire type", spanOf(Buffer.alloc(2 * MANY + 2, Buffer.from([0x58, 0])))],
    ["resources", Buffer.alloc(2 * MANY + 2, Buffer.from([0x0a, 0]))],
  ])("are refused before they are made: %s", (_, body) => {
    expect(codeOf(() => decodeTracesProtobuf(body))).toBe("PAYLOAD_TOO_LARGE");
  });

  it("are refused in JSON, too", () => {
    const events = Buffer.from(`[${"{},".repeat(MANY)}{}]`);
    const body = Buffer.concat([
      Buffer.from('{"resourceSpans":[{"scopeSpans":[{"spans":[{"events":'),
      events,
      Buffer.from("}]}]}]}"),
    ]);
    expect(codeOf(() => decodeTracesJson(body))).toBe("PAYLOAD_TOO_LARGE");
  });

  it("are not seen in texts", () => {
    const text = '{"a":"' + '{[\\"'.repeat(MANY / 2) + '"}';
    expect(codeOf(() => checkContainerCount(Buffer.from(text)))).toBe("fine");
    const span = telemetrySpan({ attributes: new Map([["text", Buffer.alloc(MANY, "\n\0").toString()]]) });
    expect(codeOf(() => checkMessageCount("ExportTraceServiceRequest", encodeProtobuf(telemetryBatch([span]))))).toBe(
      "fine",
    );
  });
});

it("ends on any bytes, and leaves judging them to the decoder", () => {
  const whole = encodeProtobuf(telemetryBatch([telemetrySpan(), telemetrySpan()]));
  fc.assert(
    fc.property(
      fc.nat(whole.length - 1),
      fc.integer({ min: 0, max: 255 }),
      fc.nat(whole.length),
      (at, value, length) => {
        const bytes = whole.slice(0, length);
        if (at < length) bytes[at] = value;
        expect(codeOf(() => checkMessageCount("ExportTraceServiceRequest", bytes))).toBe("fine");
      },
    ),
    { numRuns: 500 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(codeOf(() => checkMessageCount("ExportTraceServiceRequest", bytes))).toBe("fine");
      expect(codeOf(() => checkContainerCount(bytes))).toBe("fine");
    }),
    { numRuns: 500 },
  );
  expect(decodeTracesJson(Buffer.from(encodeJson(telemetryBatch([telemetrySpan()])))).resources).toHaveLength(1);
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { retryDelayMs } from "./grpc-status.ts";
import { readJsonAnswer, readProtobufAnswer } from "./otlp-answer.ts";
import { protobufFields } from "./protobuf-fields.ts";

const bytesOf = (text: string): Uint8Array => Buffer.from(text);

describe("an answer", () => {
  it("is a plain success unless it says that something was rejected", () => {
    const plain = { status: "accepted" };
    for (const text of ["", "{}", '{"partialSuccess":{}}', '{"partialSuccess":{"rejectedSpans":"0"}}', "[]", "null"])
      expect(readJsonAnswer(bytesOf(text)), text).toEqual(plain);
    for (const hex of ["", "0a00", "0a020800", "0a0412026e6f"])
      expect(readProtobufAnswer(Buffer.from(hex, "hex")), hex).toEqual(plain);
  });

  it("tells how much was rejected, as number or as text, of any signal", () => {
    expect(readJsonAnswer(bytesOf('{"partialSuccess":{"rejectedSpans":3}}'))).toMatchObject({ rejected: 3 });
    expect(readJsonAnswer(bytesOf('{"partialSuccess":{"rejectedSpans":"3"}}'))).toMatchObject({ rejected: 3 });
    expect(readJsonAnswer(bytesOf('{"partialSuccess":{"rejectedDataPoints":"4"}}'))).toMatchObject({ rejected: 4 });
    expect(readProtobufAnswer(Buffer.from("0a0308ac02", "hex"))).toMatchObject({ rejected: 300 });
  });

  it("of a server that speaks something else is a success all the same", () => {
    for (const text of [
      "OK",
      "<html></html>",
      '{"partialSuccess":',
      '{"partialSuccess":7}',
      '{"partialSuccess":null}',
    ]) {
      expect(readJsonAnswer(bytesOf(text)), text).toEqual({ status: "accepted" });
      expect(readProtobufAnswer(bytesOf(text)), text).toEqual({ status: "accepted" });
    }
  });

  it("never throws and never ends up with half a count, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        for (const outcome of [readJsonAnswer(bytes), readProtobufAnswer(bytes)]) {
          expect(outcome.status).toBe("accepted");
          if (outcome.status === "accepted" && outcome.rejected !== undefined)
            expect(Number.isSafeInteger(outcome.rejected) && outcome.rejected > 0).toBe(true);
        }
        const delayMs = retryDelayMs(Buffer.from(bytes).toString("base64"));
        expect(delayMs === undefined || delayMs >= 0).toBe(true);
        let read = 0;
        for (const field of protobufFields(bytes)) read += "bytes" in field ? field.bytes.length + 2 : 2;
        expect(read).toBeLessThanOrEqual(bytes.length);
      }),
      { numRuns: 1000 },
    );
  });
});

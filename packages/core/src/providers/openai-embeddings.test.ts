import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openaiEmbeddings } from "./openai-embeddings.ts";
import { emptyStreamEvent, type ResponseReading } from "./provider.ts";

describe("an answer that reports its input alone", () => {
  const read = (body: unknown): ResponseReading | undefined => openaiEmbeddings.readResponse(body);
  const nothing = { finishReasons: [], outputBytes: 0, choiceCount: 0 };

  it("tells usage and model of embeddings", () => {
    expect(
      read({
        object: "list",
        data: [{ object: "embedding", index: 0, embedding: [0.1] }],
        model: "text-embedding-3-small",
        usage: { prompt_tokens: 8, total_tokens: 8 },
      }),
    ).toEqual({ ...nothing, responseModel: "text-embedding-3-small", usage: { inputTokens: 8 } });
  });

  it("takes the total of a server that gives nothing else", () => {
    expect(read({ id: "rerank-1", results: [], usage: { total_tokens: 56 } })).toEqual({
      ...nothing,
      responseId: "rerank-1",
      usage: { inputTokens: 56 },
    });
  });

  it("leaves usage unknown when there is none", () => {
    expect(read({ data: [] })).toEqual(nothing);
    expect(read({ usage: { prompt_tokens: "8" } })).toEqual(nothing);
  });

  it("tells the fault of an error body", () => {
    expect(read({ error: { type: "invalid_request_error", code: null } })?.fault).toEqual({
      errorType: "invalid_request",
      code: "invalid_request_error",
    });
    expect(read({ error: "no" })?.fault).toEqual({ errorType: "stream_error" });
  });

  it("knows the model of a request, and no chunks", () => {
    expect(openaiEmbeddings.readRequest({ model: "m", input: "secret", stream: true })).toEqual({
      model: "m",
      stream: false,
      parameters: {},
    });
    expect(openaiEmbeddings.readChunk({ data: [] }, emptyStreamEvent())).toBe(false);
  });

  it("never throws", () => {
    const hostile = new Proxy(
      {},
      {
        get: () => {
          throw new Error("hostile");
        },
      },
    );
    for (const value of [undefined, null, 1, "x", [], {}, hostile]) {
      expect(read(value)).toBeUndefined();
      expect(openaiEmbeddings.readRequest(value)).toEqual({ stream: false, parameters: {} });
    }
    fc.assert(fc.property(fc.jsonValue(), (value) => void read(value)));
  });
});

// OTLP requests as our SDK sends them: LLM spans of production lengths, alone or each below a span of its HTTP request.
import { gzipSync } from "node:zlib";
import { create, toBinary } from "@bufbuild/protobuf";
import { encodeTokenTape } from "../../../packages/core/dist/token-tape.js";
import { otlpMessage } from "../../../packages/server/dist/codecs/otlp-registry.js";
import { quantileAt, seededRandom, TRAFFIC } from "../../lib/production.mjs";

const MODELS = ["gpt-4o", "gpt-4o-mini", "claude-sonnet-4-5", "gemini-2.5-flash", "llama-3.3-70b"];
const SERVICES = ["shop-api", "support-bot", "search", "batch"];

const text = (key, value) => ({ key, value: { value: { case: "stringValue", value } } });
const int = (key, value) => ({ key, value: { value: { case: "intValue", value: BigInt(Math.round(value)) } } });
const double = (key, value) => ({ key, value: { value: { case: "doubleValue", value } } });
const bool = (key, value) => ({ key, value: { value: { case: "boolValue", value } } });

/** A source of spans; the same seed gives the same spans. */
export function createSpanSource(seed) {
  const random = seededRandom(seed);
  const pick = (list) => list[Math.floor(random() * list.length)];
  const bytes = (length) => Uint8Array.from({ length }, () => 1 + Math.floor(random() * 255));

  /** The time of every token, one token a chunk, with the spread of a real stream. */
  function tapeOf(ttftSeconds, tokensPerSecond, tokens) {
    let atMicros = ttftSeconds * 1e6;
    const entries = Array.from({ length: Math.max(1, Math.round(tokens)) }, () => {
      atMicros += (1e6 / tokensPerSecond) * (0.5 + random());
      return { atMicros: Math.round(atMicros), kind: "text", tokens: 1 };
    });
    return encodeTokenTape(entries);
  }

  /** One LLM call that ended now: 28 attributes and its token tape. */
  function llmSpan(parentSpanId, traceId) {
    const traffic = random() < TRAFFIC[0].share ? TRAFFIC[0] : TRAFFIC[1];
    const [input, output] = [quantileAt(traffic.inputTokens, random()), quantileAt(traffic.outputTokens, random())];
    const [ttft, rate] = [0.2 + random() + input / 5000, 30 + random() * 60];
    const seconds = ttft + output / rate;
    const end = BigInt(Date.now()) * 1_000_000n;
    const model = pick(MODELS);
    const isError = random() < 0.02;
    return {
      traceId,
      spanId: bytes(8),
      parentSpanId,
      name: `chat ${model}`,
      kind: 3,
      flags: 257,
      startTimeUnixNano: end - BigInt(Math.round(seconds * 1e9)),
      endTimeUnixNano: end,
      status: isError ? { code: 2, message: "the request timed out" } : {},
      attributes: [
        text("gen_ai.operation.name", "chat"),
        text("gen_ai.provider.name", "openai"),
        text("gen_ai.request.model", model),
        text("gen_ai.response.model", `${model}-2026-05-13`),
        text("gen_ai.response.id", `chatcmpl-${Buffer.from(bytes(18)).toString("base64url")}`),
        bool("gen_ai.request.stream", true),
        double("gen_ai.request.temperature", 0.7),
        int("gen_ai.request.max_tokens", 1024),
        int("gen_ai.usage.input_tokens", input),
        int("gen_ai.usage.output_tokens", output),
        text("server.address", "api.example.com"),
        int("server.port", 443),
        int("http.response.status_code", isError ? 504 : 200),
        text("llm.outcome", isError ? "error" : "ok"),
        ...(isError ? [text("error.type", "timeout")] : [text("gen_ai.response.finish_reasons", "stop")]),
        bool("llm.stream", true),
        text("llm.token_source", "provider"),
        double("llm.time_to_first_byte_seconds", ttft * 0.9),
        double("llm.time_to_first_chunk_seconds", ttft * 0.95),
        double("llm.time_to_first_token_seconds", ttft),
        double("llm.time_to_first_answer_token_seconds", ttft),
        double("llm.time_to_last_token_seconds", seconds),
        double("llm.time_per_output_token_seconds", 1 / rate),
        double("llm.generation_rate", rate),
        double("llm.end_to_end_token_rate", output / seconds),
        int("llm.chunk_count", output),
        int("llm.attempt", 1),
        text("llm.clock_source", "monotonic"),
        text("llm.token_tape", tapeOf(ttft, rate, output)),
      ],
      events: [],
      links: [],
    };
  }

  function httpSpan(traceId) {
    const end = BigInt(Date.now()) * 1_000_000n;
    return {
      traceId,
      spanId: bytes(8),
      parentSpanId: new Uint8Array(),
      name: "POST /ask",
      kind: 2,
      flags: 257,
      startTimeUnixNano: end - 2_000_000_000n,
      endTimeUnixNano: end,
      status: {},
      attributes: [
        text("http.request.method", "POST"),
        text("http.route", "/ask"),
        text("url.path", "/ask"),
        text("url.scheme", "http"),
        int("http.response.status_code", 200),
        text("network.protocol.version", "1.1"),
      ],
      events: [],
      links: [],
    };
  }

  /** @param {"llm" | "mixed"} kind all LLM calls, or every second span the HTTP request above one */
  function spansOf(kind, count) {
    const spans = [];
    while (spans.length < count) {
      const traceId = bytes(16);
      if (kind === "llm") spans.push(llmSpan(new Uint8Array(), traceId));
      else {
        const http = httpSpan(traceId);
        spans.push(http, llmSpan(http.spanId, traceId));
      }
    }
    return spans;
  }

  return {
    /** One export request, gzipped, and its size before. */
    request(kind, count) {
      const desc = otlpMessage("ExportTraceServiceRequest");
      const message = create(desc, {
        resourceSpans: [
          {
            resource: { attributes: [text("service.name", pick(SERVICES)), text("host.name", "bench")] },
            scopeSpans: [{ scope: { name: "@nexent/monitor" }, spans: spansOf(kind, count) }],
          },
        ],
      });
      const plain = toBinary(desc, message);
      return { body: gzipSync(plain, { level: 1 }), plainBytes: plain.length, spans: count };
    },
  };
}

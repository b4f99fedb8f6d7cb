/** Rows of measurement contract 3.3 that need more than `openai-chat.test.ts` shows. */
import { describe, expect, it } from "vitest";
import { createTokenClock } from "../token-clock.ts";
import { openaiChat } from "./openai-chat.ts";
import { DELTA_KIND_BIT, type DeltaKind, type StreamEvent } from "./provider.ts";
import { describeProvider, eventsOf } from "./provider-suite.testing.ts";

type Said = Partial<StreamEvent>;

const DONE: Said = { type: "done" };

function output(kind: DeltaKind, outputBytes: number): Said {
  return { kind, kinds: DELTA_KIND_BIT[kind], outputBytes };
}

function chunks(responseId: string, responseModel: string): (more?: Said, choiceCount?: number) => Said {
  return (more = {}, choiceCount = 1) => ({
    type: "chunk",
    ...(choiceCount === 0 ? {} : { choiceCount }),
    responseId,
    responseModel,
    ...more,
  });
}

const sglang = chunks("sg-1", "Qwen/Qwen3-8B");
const llama = chunks("chatcmpl-Pt", "qwen3");
const vllm = chunks("chatcmpl-77", "openai/gpt-oss-20b");

/** What llama.cpp's `timings` say after `predicted` tokens. */
function timings(predicted: number, decodeSeconds: number): Said {
  return {
    usage: { inputTokens: 68, outputTokens: predicted, cacheReadTokens: 60 },
    serverTimings: { prefillSeconds: 0.04325, decodeSeconds, decodeRateTokensPerSecond: 100 },
  };
}

describeProvider({
  provider: openaiChat,
  fixtures: [
    {
      file: "sglang.sse",
      title: "reasoning_content, nulls for what is not said, a reasoning count of 0 that nobody counted",
      events: [
        sglang(),
        sglang(output("reasoning", 3)),
        sglang(output("text", 2)),
        sglang({ finishReason: "stop" }),
        sglang({ usage: { inputTokens: 14, outputTokens: 4 } }, 0),
        DONE,
      ],
    },
    {
      file: "llama-cpp-timings.sse",
      title: "timings in every chunk count the tokens so far",
      events: [
        llama(),
        llama({ ...output("reasoning", 2), ...timings(1, 0.01) }),
        llama({ ...output("text", 3), ...timings(2, 0.02) }),
        llama({ ...output("text", 3), ...timings(4, 0.04) }),
        llama({ ...timings(5, 0.05), finishReason: "stop" }),
        DONE,
      ],
    },
    {
      file: "vllm-metrics.sse",
      title: "older reasoning_content; metrics by kind of output, nulls in a kind without tokens",
      events: [
        vllm(),
        vllm(output("reasoning", 6)),
        vllm(output("text", 1)),
        vllm({ ...output("text", 1), finishReason: "stop" }),
        vllm(
          {
            usage: { inputTokens: 42, outputTokens: 58, reasoningTokens: 36 },
            serverTimings: {
              queueSeconds: 0.0125,
              prefillSeconds: 0.0855,
              decodeSeconds: 1.2405,
              interTokenSeconds: 0.0095,
              endToEndRateTokensPerSecond: 103.25,
              reasoning: {
                tokenCount: 36,
                timeToFirstTokenSeconds: 0.10825,
                decodeSeconds: 0.16,
                interTokenSeconds: 0.0045,
                decodeRateTokensPerSecond: 218.75,
              },
              content: { tokenCount: 0 },
              unclassifiedTokenCount: 2,
            },
          },
          0,
        ),
        DONE,
      ],
    },
    { file: "vllm-done-only.sse", title: "a failure before the first token", events: [DONE] },
  ],
});

describe("a compatible server", () => {
  const parse = (text: string): readonly StreamEvent[] =>
    eventsOf(openaiChat.createStreamParser(), new TextEncoder().encode(text));

  it("that sends nothing but the marker has not ended normally", () => {
    const clock = createTokenClock();
    for (const event of parse("data: [DONE]\n\n")) clock.record(event, 1_000);
    expect(clock.sawNormalEnd).toBe(false);
  });

  it("that sends the marker behind an error has failed all the same", () => {
    const clock = createTokenClock();
    for (const event of parse('data: {"error":{"code":500}}\n\ndata: [DONE]\n\n')) clock.record(event, 1_000);
    expect([clock.fault?.errorType, clock.sawNormalEnd]).toEqual(["server_error", false]);
  });

  it("that counts reasoning beside the other counts is believed when it counted", () => {
    const usage = { prompt_tokens: 5, completion_tokens: 9, reasoning_tokens: 7 };
    expect(openaiChat.readResponse({ choices: [], usage })?.usage).toEqual({
      inputTokens: 5,
      outputTokens: 9,
      reasoningTokens: 7,
    });
  });

  it("that gives tokens of two choices no metrics leaves them unknown", () => {
    const body = { choices: [], metrics: null, usage: { completion_tokens: 4 } };
    expect(openaiChat.readResponse(body)?.serverTimings).toBeUndefined();
    const unknown = { queue_time_ms: null, tokens_per_second: -1, output_token_metrics: { reasoning: null } };
    expect(openaiChat.readResponse({ ...body, metrics: unknown })?.serverTimings).toBeUndefined();
  });
});

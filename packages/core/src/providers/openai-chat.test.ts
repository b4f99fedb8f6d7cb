import { openaiChat, openaiCompletions } from "./openai-chat.ts";
import { DELTA_KIND_BIT, type DeltaKind, type StreamEvent } from "./provider.ts";
import { describeProvider } from "./provider-suite.testing.ts";

type Said = Partial<StreamEvent>;

/** A chunk of this answer, with one choice unless it says otherwise. */
function chunks(answer: Said): (more?: Said, choiceCount?: number) => Said {
  return (more = {}, choiceCount = 1) => ({
    type: "chunk",
    ...(choiceCount === 0 ? {} : { choiceCount }),
    ...answer,
    ...more,
  });
}

function output(kind: DeltaKind, outputBytes: number): Said {
  return { kind, kinds: DELTA_KIND_BIT[kind], outputBytes };
}

const DONE: Said = { type: "done" };
const openai = chunks({ responseId: "chatcmpl-B9abc", responseModel: "gpt-4o-2024-08-06" });
const tools = chunks({ responseId: "chatcmpl-T1", responseModel: "gpt-4o" });
const vllm = chunks({ responseId: "chatcmpl-9f", responseModel: "Qwen/Qwen3-8B" });
const llama = chunks({ responseId: "chatcmpl-Lc", responseModel: "gpt-3.5-turbo" });
const ollama = chunks({ responseId: "chatcmpl-311", responseModel: "qwen3:4b" });
const openrouter = chunks({ responseId: "gen-1795", responseModel: "openai/o4-mini" });
const deepseek = chunks({ responseId: "ds-1", responseModel: "deepseek-reasoner" });
const completions = chunks({ responseId: "cmpl-7", responseModel: "gpt-3.5-turbo-instruct" });

const vllmUsage = (outputTokens: number): Said => ({ usage: { inputTokens: 12, outputTokens } });

describeProvider({
  provider: openaiChat,
  fixtures: [
    {
      file: "openai-chat.sse",
      title: "a role-only chunk, text with umlaut and escapes, finish, usage with details",
      events: [
        openai(),
        openai(output("text", 5)),
        openai(output("text", 8)),
        openai(output("text", 4)),
        openai({ finishReason: "stop" }),
        openai(
          {
            usage: {
              inputTokens: 19,
              outputTokens: 8,
              cacheReadTokens: 16,
              reasoningTokens: 0,
              rejectedPredictionTokens: 2,
              audioInputTokens: 0,
              audioOutputTokens: 0,
            },
          },
          0,
        ),
        DONE,
      ],
    },
    {
      file: "openai-tools.sse",
      title: "a tool call: its name counts, then its arguments",
      events: [
        tools(output("tool", 11)),
        tools(output("tool", 2)),
        tools(output("tool", 15)),
        tools({ finishReason: "tool_calls" }),
        DONE,
      ],
    },
    {
      file: "vllm.sse",
      title: "usage in every chunk, reasoning, metrics on the usage chunk",
      events: [
        vllm(vllmUsage(0)),
        vllm({ ...output("reasoning", 6), ...vllmUsage(2) }),
        vllm({ ...output("text", 3), ...vllmUsage(3) }),
        vllm({ ...output("text", 1), ...vllmUsage(5), finishReason: "stop" }),
        vllm(
          {
            ...vllmUsage(5),
            serverTimings: {
              queueSeconds: 0.0035,
              prefillSeconds: 0.042,
              decodeSeconds: 0.08,
              interTokenSeconds: 0.02,
              endToEndRateTokensPerSecond: 41,
            },
          },
          0,
        ),
        DONE,
      ],
    },
    {
      file: "vllm-error.sse",
      title: "an error event, and the marker that vLLM sends all the same",
      events: [
        { type: "chunk", choiceCount: 1, responseId: "chatcmpl-9e", responseModel: "Qwen/Qwen3-8B" },
        { type: "error", fault: { errorType: "server_error", code: "500" } },
        DONE,
      ],
    },
    {
      file: "llama-cpp.sse",
      title: "usage and timings beside choices; cached input from the timings",
      events: [
        llama(),
        llama(output("text", 4)),
        llama(output("text", 5)),
        llama({
          finishReason: "length",
          usage: { inputTokens: 11, outputTokens: 2, cacheReadTokens: 4 },
          serverTimings: { prefillSeconds: 0.0215, decodeSeconds: 0.025, decodeRateTokensPerSecond: 80 },
        }),
        DONE,
      ],
    },
    {
      file: "ollama.sse",
      title: "reasoning beside an empty content, finish, then usage; the creation time moves",
      events: [
        ollama(output("reasoning", 4)),
        ollama(output("text", 2)),
        ollama(output("text", 6)),
        ollama({ finishReason: "stop" }),
        ollama({ usage: { inputTokens: 17, outputTokens: 4 } }, 0),
        DONE,
      ],
    },
    {
      file: "openrouter.sse",
      title: "comments, a reasoning summary, an encrypted block, the finish reason twice",
      events: [
        openrouter({ ...output("reasoning", 16), reasoningForm: "summary" }),
        openrouter({ reasoningForm: "redacted" }),
        openrouter(output("text", 2)),
        openrouter({ finishReason: "stop" }),
        openrouter({
          finishReason: "stop",
          usage: { inputTokens: 20, outputTokens: 70, cacheReadTokens: 0, reasoningTokens: 64 },
        }),
        DONE,
      ],
    },
    {
      file: "deepseek.sse",
      title: "keep-alive comments, reasoning_content, cache hits beside the counts",
      events: [
        deepseek(),
        deepseek(output("reasoning", 3)),
        deepseek(output("text", 6)),
        deepseek({
          finishReason: "stop",
          usage: { inputTokens: 9, outputTokens: 3, cacheReadTokens: 8, reasoningTokens: 1 },
        }),
        DONE,
      ],
    },
  ],
});

describeProvider({
  provider: openaiCompletions,
  fixtures: [
    {
      file: "completions.sse",
      title: "legacy completions: the text stands in the choice",
      events: [
        completions(output("text", 2)),
        completions(output("text", 4)),
        completions({ finishReason: "length" }),
        completions({ usage: { inputTokens: 4, outputTokens: 2 } }, 0),
        DONE,
      ],
    },
  ],
});

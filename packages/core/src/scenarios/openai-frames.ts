/** Small builders for the bytes of OpenAI-shaped answers. They know the wire format and nothing of how we measure it. */
import { frame, WORD, type Fields } from "./writes.ts";

/** The terminal marker. */
export const DONE = "data: [DONE]\n\n";

function chatChunk(choices: readonly Fields[], extra: Fields): string {
  return frame({
    id: "chatcmpl-scenario",
    object: "chat.completion.chunk",
    created: 1_795_000_000,
    model: "scenario-1",
    choices,
    ...extra,
  });
}

/** A chat chunk whose first choice has this `delta`; `extra` goes beside `choices`. */
export function delta(fields: Fields, extra: Fields = {}): string {
  return chatChunk([{ index: 0, delta: fields, finish_reason: null }], extra);
}

/** As `delta`, for the choice of this index. */
export function deltaOf(index: number, fields: Fields): string {
  return chatChunk([{ index, delta: fields, finish_reason: null }], {});
}

/** The first chunk of OpenAI: a role and an empty text. Not counted. */
export const ROLE = delta({ role: "assistant", content: "" });

/** A chunk of visible text. */
export function text(content: string = WORD, extra: Fields = {}): string {
  return delta({ content }, extra);
}

/** The chunk with the finish reason and an empty delta. */
export function finish(reason: string, extra: Fields = {}, index = 0): string {
  return chatChunk([{ index, delta: {}, finish_reason: reason }], extra);
}

/** A `usage` object of 7 input tokens. */
export function usageOf(outputTokens: number, details: Fields = {}): Fields {
  return {
    prompt_tokens: 7,
    completion_tokens: outputTokens,
    total_tokens: 7 + outputTokens,
    ...(Object.keys(details).length === 0 ? {} : { completion_tokens_details: details }),
  };
}

/** The extra chunk that carries usage and no choice. */
export function usage(outputTokens: number, details: Fields = {}): string {
  return chatChunk([], { usage: usageOf(outputTokens, details) });
}

/** A legacy completion chunk. */
export function completion(content: string, finishReason: string | null = null, extra: Fields = {}): string {
  return frame({
    id: "cmpl-scenario",
    object: "text_completion",
    created: 1_795_000_000,
    model: "scenario-1",
    choices: [{ index: 0, text: content, logprobs: null, finish_reason: finishReason }],
    ...extra,
  });
}

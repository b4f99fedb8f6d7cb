/** Small builders for the bytes of Anthropic Messages answers. They know the wire format and nothing of how we measure it. */
import { typedFrame, type Fields } from "./writes.ts";

/** Usage as `message_start` tells it: the input, and an output count that is not one of the answer. */
export const START_USAGE: Fields = {
  input_tokens: 7,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: 0,
  output_tokens: 2,
};

/** A model whose thinking comes as a summary, as from Claude 4 on. */
const MODEL = "claude-sonnet-4-5";

/** The envelope. */
export function messageStart(usage: Fields = START_USAGE, model: string = MODEL): string {
  const message = {
    id: "msg_scenario",
    type: "message",
    role: "assistant",
    model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage,
  };
  return typedFrame({ type: "message_start", message });
}

/** A ping: no chunk. */
export const PING = typedFrame({ type: "ping" });

/** A content block begins. */
export function blockStart(block: Fields, index = 0): string {
  return typedFrame({ type: "content_block_start", index, content_block: block });
}

/** An empty text block: nothing to count yet. */
export function textStart(index = 0): string {
  return blockStart({ type: "text", text: "" }, index);
}

/** A content block grows. */
export function blockDelta(delta: Fields, index = 0): string {
  return typedFrame({ type: "content_block_delta", index, delta });
}

/** A piece of visible text. */
export function text(content: string, index = 0): string {
  return blockDelta({ type: "text_delta", text: content }, index);
}

/** A piece of thinking, which may be a summary. */
export function thinking(content: string): string {
  return blockDelta({ type: "thinking_delta", thinking: content });
}

/** The signature of a thinking block: not counted, but a sign that there was thinking. */
export const SIGNATURE = blockDelta({ type: "signature_delta", signature: "c2lnbmF0dXJl" });

/** A content block is complete. */
export function blockStop(index = 0): string {
  return typedFrame({ type: "content_block_stop", index });
}

/** Cumulative usage, and the stop reason once there is one. */
export function messageDelta(stopReason: string | null, usage?: Fields): string {
  return typedFrame({
    type: "message_delta",
    delta: { stop_reason: stopReason, stop_sequence: null },
    ...(usage === undefined ? {} : { usage }),
  });
}

/** The terminal event. */
export const STOP = typedFrame({ type: "message_stop" });

/** An error event. */
export function errorEvent(type: string): string {
  return typedFrame(errorBody(type));
}

/** An error body. */
export function errorBody(type: string): Fields & { readonly type: "error" } {
  return { type: "error", error: { type, message: "refused" } };
}

/** The body of an answer that is no stream. */
export function whole(content: string, outputTokens: number): string {
  return JSON.stringify({
    id: "msg_scenario",
    type: "message",
    role: "assistant",
    model: MODEL,
    content: [{ type: "text", text: content }],
    stop_reason: "end_turn",
    stop_sequence: null,
    usage: { ...START_USAGE, output_tokens: outputTokens },
  });
}

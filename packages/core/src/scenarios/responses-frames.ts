/** Small builders for the bytes of OpenAI Responses answers. They know the wire format and nothing of how we measure it. */
import type { ScheduledWrite } from "./scenario.ts";
import { typedFrame, type Fields } from "./writes.ts";

const RESPONSE_ID = "resp_scenario";
/** The item that is the message. */
export const MESSAGE_ID = "msg_scenario";
const UNNUMBERED = '"sequence_number":-1';

type Event = Fields & { readonly type: string };

/** An event; its number is given by {@link numbered}. */
export function event(value: Event): string {
  return typedFrame({ ...value, sequence_number: -1 });
}

/** Numbers the events of a whole schedule, as the server does. */
export function numbered(writes: readonly ScheduledWrite[]): readonly ScheduledWrite[] {
  let next = 0;
  return writes.map(({ atMs, text }) => ({
    atMs,
    text: text.replaceAll(UNNUMBERED, () => `"sequence_number":${next++}`),
  }));
}

/** A `response` object; `more` goes over its usual members. */
export function response(more: Fields): Fields {
  return {
    id: RESPONSE_ID,
    object: "response",
    created_at: 1_795_000_000,
    status: "in_progress",
    error: null,
    incomplete_details: null,
    model: "scenario-1",
    output: [],
    usage: null,
    ...more,
  };
}

/** The envelope: the response was created and is in progress. */
export const CREATED =
  event({ type: "response.created", response: response({}) }) +
  event({ type: "response.in_progress", response: response({}) });

/** An output item begins. */
export function itemAdded(item: Fields, outputIndex = 0): string {
  return event({ type: "response.output_item.added", output_index: outputIndex, item });
}

/** An output item is complete. */
export function itemDone(item: Fields, outputIndex = 0): string {
  return event({ type: "response.output_item.done", output_index: outputIndex, item });
}

function messageItem(status: string, content: readonly Fields[]): Fields {
  return { id: MESSAGE_ID, type: "message", status, role: "assistant", content };
}

function textPart(text: string): Fields {
  return { type: "output_text", annotations: [], logprobs: [], text };
}

/** The message begins: still no text. */
export function messageAdded(outputIndex = 0): string {
  const part = { item_id: MESSAGE_ID, output_index: outputIndex, content_index: 0, part: textPart("") };
  return (
    itemAdded(messageItem("in_progress", []), outputIndex) + event({ type: "response.content_part.added", ...part })
  );
}

/** Where output belongs: its item, and the item's place in the response. */
export interface Place {
  readonly item: string;
  readonly index: number;
}

function placeFields(type: string, { item, index }: Place): Fields {
  const part = type.includes("summary") ? { summary_index: 0 } : { content_index: 0 };
  return { item_id: item, output_index: index, ...part };
}

/** A piece of output of this event type, with the padding that hides its length. */
export function delta(type: string, text: string, place: Place): string {
  return event({ type, ...placeFields(type, place), delta: text, obfuscation: "x7Gk2mQ" });
}

/** The event that says all pieces once more, in a member of this name. */
export function done(type: string, member: string, text: string, place: Place): string {
  return event({ type, ...placeFields(type, place), [member]: text });
}

/** A piece of visible text. */
export function text(content: string, outputIndex = 0): string {
  return delta("response.output_text.delta", content, { item: MESSAGE_ID, index: outputIndex });
}

/** The message is complete; its text stands in three places once more. */
export function messageDone(content: string, outputIndex = 0): string {
  const place = { item_id: MESSAGE_ID, output_index: outputIndex, content_index: 0 };
  return [
    event({ type: "response.output_text.done", ...place, text: content, logprobs: [] }),
    event({ type: "response.content_part.done", ...place, part: textPart(content) }),
    itemDone(messageItem("completed", [textPart(content)]), outputIndex),
  ].join("");
}

/** A `usage` object of 7 input tokens; without `reasoningTokens` it says nothing about reasoning. */
export function usageOf(outputTokens: number, reasoningTokens?: number): Fields {
  return {
    input_tokens: 7,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: outputTokens,
    ...(reasoningTokens === undefined ? {} : { output_tokens_details: { reasoning_tokens: reasoningTokens } }),
    total_tokens: 7 + outputTokens,
  };
}

/** The terminal event of a complete answer. */
export function completed(usage: Fields | null, output: readonly Fields[] = []): string {
  return event({ type: "response.completed", response: response({ status: "completed", output, usage }) });
}

/** The terminal event of an answer that the provider ended early. */
export function incomplete(reason: string, usage: Fields | null): string {
  const ended = response({ status: "incomplete", incomplete_details: { reason }, usage });
  return event({ type: "response.incomplete", response: ended });
}

/** The terminal event of an answer that failed. */
export function failed(code: string): string {
  const error = { code, message: "The model failed." };
  return event({ type: "response.failed", response: response({ status: "failed", error }) });
}

/** The body of an answer that is no stream. */
export function whole(content: string, usage: Fields): string {
  const output = [messageItem("completed", [textPart(content)])];
  return JSON.stringify(response({ status: "completed", output, usage }));
}

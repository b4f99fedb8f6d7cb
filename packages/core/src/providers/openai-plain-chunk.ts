/**
 * The chunk that most streams consist of: one choice with text and nothing that other servers may add. Looking at each of
 * those additions once, and at nothing twice, costs a third of the full reading.
 */
import { utf8Length } from "../utf8.ts";
import { fieldsOf, textOf, type Fields } from "./json-fields.ts";
import { DELTA_KIND_BIT, type StreamEvent } from "./provider.ts";

interface PlainDelta extends Fields {
  readonly content?: unknown;
}

interface PlainChoice extends Fields {
  readonly index?: unknown;
  readonly delta?: PlainDelta;
}

/** A delta without reasoning, refusal, calls, sound and pictures. */
function isTextOnly(delta: PlainDelta): boolean {
  const { reasoning_content, reasoning, reasoning_details, refusal, tool_calls, function_call, audio, images } = delta;
  const other =
    reasoning_content ?? reasoning ?? reasoning_details ?? refusal ?? tool_calls ?? function_call ?? audio ?? images;
  return (other ?? undefined) === undefined;
}

/** A chunk without error, counts and timings. */
function isOutputOnly(chunk: Fields, choice: PlainChoice): boolean {
  const { error, usage, x_groq, timings, metrics } = chunk;
  const other = error ?? usage ?? x_groq ?? timings ?? metrics ?? choice["usage"];
  return (other ?? undefined) === undefined;
}

function plainChoiceOf(choices: unknown): PlainChoice | undefined {
  if (!Array.isArray(choices) || choices.length !== 1) return undefined;
  const choice: unknown = choices[0];
  return typeof choice === "object" && choice !== null ? (choice as PlainChoice) : undefined;
}

/** The text of a plain chunk, empty when it has none; undefined when it is no plain chunk. */
function plainText(chunk: Fields, choice: PlainChoice): string | undefined {
  if (choice.index !== 0 || !isOutputOnly(chunk, choice)) return undefined;
  const { delta } = choice;
  if (typeof delta !== "object" || delta === null || Array.isArray(delta) || !isTextOnly(delta)) return undefined;
  const content = delta.content ?? "";
  return typeof content === "string" ? content : undefined;
}

/** Reads a plain chunk into an empty `event`. False when it is none: `event` is then as it was. */
export function readPlainChunk(chunk: Fields, event: StreamEvent): boolean {
  const choice = plainChoiceOf(chunk["choices"]);
  const text = choice && plainText(chunk, choice);
  if (choice === undefined || text === undefined) return false;
  if (text !== "") {
    event.kinds = DELTA_KIND_BIT.text;
    event.kind = "text";
    event.outputBytes = utf8Length(text);
    event.onText?.("text", text);
  }
  event.choiceCount = 1;
  event.finishReason = textOf(choice["finish_reason"]);
  event.responseModel = textOf(chunk["model"]);
  event.responseId = textOf(chunk["id"]);
  return true;
}

/** See {@link Provider.readText}. */
export function readText(value: unknown): string | undefined {
  try {
    const chunk = fieldsOf(value);
    const choice = chunk && plainChoiceOf(chunk["choices"]);
    if (chunk === undefined || choice === undefined || textOf(choice["finish_reason"]) !== undefined) return undefined;
    return textOf(plainText(chunk, choice));
  } catch {
    // A getter or proxy of the host threw: whoever reads the chunk in full finds out.
    return undefined;
  }
}

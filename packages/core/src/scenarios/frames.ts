/** Frames of OpenAI-shaped streams, as text. Small builders keep the scenarios as short to read as their schedule. */
import type { ScheduledWrite } from "./scenario.ts";

const ID = "chatcmpl-scenario";
const MODEL = "scenario-model";

/** Headers of a streamed answer. */
export const SSE_HEADERS = { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache" } as const;
export const JSON_HEADERS = { "content-type": "application/json" } as const;

/** One `data:` event around any JSON value. */
export function event(value: unknown): string {
  return `data: ${JSON.stringify(value)}\n\n`;
}

export const DONE = "data: [DONE]\n\n";

/** A chat chunk with one choice; `extra` joins the top level, `index` and `finish` the choice. */
export function chunk(
  delta: object,
  options: { readonly finish?: string; readonly index?: number; readonly extra?: object } = {},
): string {
  return event({
    id: ID,
    object: "chat.completion.chunk",
    created: 1_700_000_000,
    model: MODEL,
    choices: [{ index: options.index ?? 0, delta, finish_reason: options.finish ?? null }],
    ...options.extra,
  });
}

export const ROLE = chunk({ role: "assistant", content: "" });

export function finish(reason = "stop", extra: object = {}): string {
  return chunk({}, { finish: reason, extra });
}

/** `usage` as OpenAI sends it. */
export function usage(input: number, output: number, details: object = {}): object {
  return { prompt_tokens: input, completion_tokens: output, total_tokens: input + output, ...details };
}

/** The usage chunk: no choices. */
export function usageChunk(input: number, output: number, details: object = {}): string {
  return event({
    id: ID,
    object: "chat.completion.chunk",
    model: MODEL,
    choices: [],
    usage: usage(input, output, details),
  });
}

/** `count` writes from `firstMs`, `everyMs` apart. */
export function paced(count: number, firstMs: number, everyMs: number, text: (i: number) => string): ScheduledWrite[] {
  return Array.from({ length: count }, (_, i) => ({ atMs: firstMs + i * everyMs, text: text(i) }));
}

/** A word of exactly four ASCII bytes: one token by the estimate, so estimates can be computed by hand. */
export function word(): string {
  return " abc";
}

/** Content chunks of one word each. */
export function words(count: number, firstMs: number, everyMs: number): ScheduledWrite[] {
  return paced(count, firstMs, everyMs, () => chunk({ content: word() }));
}

/** One write. */
export function at(atMs: number, ...texts: readonly string[]): ScheduledWrite {
  return { atMs, text: texts.join("") };
}

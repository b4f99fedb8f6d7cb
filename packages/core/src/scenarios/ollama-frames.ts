/** Small builders for the bytes of Ollama's own answers. They know the wire format and nothing of how we measure it. */
import type { Fields } from "./writes.ts";

/** Content type of a streamed answer. */
export const NDJSON_HEADERS = { "content-type": "application/x-ndjson" } as const;

/** Timings that the server reports in its last object, nanoseconds. */
const DURATIONS = {
  total_duration: 612_000_000,
  load_duration: 90_000_000,
  prompt_eval_duration: 100_000_000,
  eval_duration: 400_000_000,
};

/** One line. */
export function line(fields: Fields): string {
  return `${JSON.stringify({ model: "scenario-1", created_at: "2026-11-18T00:00:00.000Z", ...fields })}\n`;
}

/** A chat line whose message has these members beside its role. */
export function message(fields: Fields): string {
  return line({ message: { role: "assistant", content: "", ...fields }, done: false });
}

/** A piece of visible text of a chat. */
export function text(content: string): string {
  return message({ content });
}

/** A piece of visible text of `/api/generate`. */
export function generated(content: string): string {
  return line({ response: content, done: false });
}

/** Counts of the last object, 7 of them input. */
export function countsOf(outputTokens: number): Fields {
  return { prompt_eval_count: 7, eval_count: outputTokens };
}

/** What the last object holds beside the output. Counts that are 0 or unknown are left out, as the server does. */
export function ending(reason: string, counts: Fields = {}): Fields {
  return { done: true, done_reason: reason, ...DURATIONS, ...counts };
}

/** The last line of a chat. */
export function done(reason: string, counts?: Fields): string {
  return line({ message: { role: "assistant", content: "" }, ...ending(reason, counts) });
}

/** An error line. */
export function errorLine(): string {
  return `${JSON.stringify({ error: "llama runner process has terminated" })}\n`;
}

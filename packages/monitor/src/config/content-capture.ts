/** `OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT`: whether prompts and answers are recorded, and where. */
import type { EnvironmentReader } from "./readers.ts";

/**
 * Takes what must not be recorded out of one text of a prompt or an answer; gets it without the secrets that we know.
 * Undefined leaves the text out, and so does an error.
 */
export type RedactContent = (text: string, direction: "input" | "output") => string | undefined;

/** Where prompts and answers are written. */
export interface ContentCapture {
  readonly span: boolean;
  readonly event: boolean;
  readonly redact?: RedactContent;
}

const VARIABLE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT";

/** Undefined, the default and what a bad value counts as: no content. `true` is the older form of `SPAN_ONLY`. */
export function readContentCapture(
  reader: EnvironmentReader,
  redact: RedactContent | undefined,
): ContentCapture | undefined {
  const choices = ["NO_CONTENT", "SPAN_ONLY", "EVENT_ONLY", "SPAN_AND_EVENT", "true", "false"] as const;
  const choice = reader.oneOf(VARIABLE, choices) ?? "NO_CONTENT";
  if (choice === "NO_CONTENT" || choice === "false") return undefined;
  return {
    span: choice !== "EVENT_ONLY",
    event: choice === "EVENT_ONLY" || choice === "SPAN_AND_EVENT",
    ...(redact !== undefined && { redact }),
  };
}

import { z } from "zod";
import { exactOptionsSchema, type ExactOptions } from "./exact-options.ts";

/** Which of the two OpenAI shapes is spoken. */
export type ExactFormat = "openai-chat" | "openai-completions";

/** What the server reads from a request body; everything else in it is ignored, as OpenAI-compatible servers do. */
export interface ExactRequest {
  readonly format: ExactFormat;
  readonly model: string;
  readonly stream: boolean;
  /** `stream_options.include_usage`. */
  readonly includeUsage: boolean;
  /** The client's limit; `undefined` = none. */
  readonly maxTokens: number | undefined;
  /** UTF-8 bytes of everything in the body that is prompt. */
  readonly promptBytes: number;
  readonly exact: ExactOptions;
}

const bodySchema = z.looseObject({
  model: z.string().min(1).max(512).default("exact"),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  max_tokens: z.int().min(1).nullish(),
  max_completion_tokens: z.int().min(1).nullish(),
  n: z.literal(1).nullish(),
  messages: z.unknown().optional(),
  prompt: z.unknown().optional(),
  exact: exactOptionsSchema.prefault({}),
});

/** Either a request or the sentence that says what is wrong with it. */
export type ExactRequestReading =
  | { readonly ok: true; readonly request: ExactRequest }
  | { readonly ok: false; readonly message: string; readonly param: string | null };

/** Reads a parsed JSON body. */
export function readExactRequest(format: ExactFormat, body: unknown): ExactRequestReading {
  const parsed = bodySchema.safeParse(body);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const param = issue === undefined || issue.path.length === 0 ? null : issue.path.join(".");
    return { ok: false, message: `${param ?? "body"}: ${issue?.message ?? "not valid"}`, param };
  }
  const { data } = parsed;
  return {
    ok: true,
    request: {
      format,
      model: data.model,
      stream: data.stream === true,
      includeUsage: data.stream_options?.include_usage === true,
      maxTokens: data.max_completion_tokens ?? data.max_tokens ?? undefined,
      promptBytes: textBytes(format === "openai-chat" ? data.messages : data.prompt),
      exact: data.exact,
    },
  };
}

function textBytes(value: unknown): number {
  if (typeof value === "string") return Buffer.byteLength(value);
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + textBytes(item), 0);
  if (typeof value !== "object" || value === null) return 0;
  const { content, text } = value as { readonly content?: unknown; readonly text?: unknown };
  return textBytes(content) + textBytes(text);
}

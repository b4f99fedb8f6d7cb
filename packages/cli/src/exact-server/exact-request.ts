import { z } from "zod";
import { exactOptionsSchema, type ExactOptions } from "./exact-options.ts";
import type { ExactFormat, ExactRoute } from "./routes.ts";
import type { EmbeddingInput } from "./shapes/embeddings.ts";

/** What the server reads from a request; everything else in it is ignored, as compatible servers do. */
export interface ExactRequest {
  readonly format: ExactFormat;
  readonly model: string;
  readonly stream: boolean;
  /** The stream is one JSON array (Gemini without `alt=sse`). */
  readonly inArray: boolean;
  /** `stream_options.include_usage`. */
  readonly includeUsage: boolean;
  /** The client's limit; `undefined` = none. */
  readonly maxTokens: number | undefined;
  /** UTF-8 bytes of everything in the body that is prompt. */
  readonly promptBytes: number;
  /** Inputs of an embedding request. */
  readonly embedding: EmbeddingInput;
  readonly exact: ExactOptions;
}

const limit = z.int().min(1).nullish();

/** The members of all formats together: none has two meanings. */
const bodySchema = z.looseObject({
  model: z.string().min(1).max(512).default("exact"),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  max_tokens: limit,
  max_completion_tokens: limit,
  max_output_tokens: limit,
  generationConfig: z.looseObject({ maxOutputTokens: limit, candidateCount: z.literal(1).nullish() }).nullish(),
  // Ollama: a negative number is no limit.
  options: z.looseObject({ num_predict: z.int().nullish() }).nullish(),
  n: z.literal(1).nullish(),
  encoding_format: z.string().nullish(),
  exact: exactOptionsSchema.prefault({}),
});

type Body = z.output<typeof bodySchema>;

/** Members that hold the prompt. */
const PROMPT_MEMBERS = ["messages", "prompt", "input", "contents", "system", "instructions", "systemInstruction"];
/** Members of a message, content or part that hold more of it. */
const TEXT_MEMBERS = ["content", "text", "parts"];

/** Either a request or the sentence that says what is wrong with it. */
export type ExactRequestReading =
  | { readonly ok: true; readonly request: ExactRequest }
  | { readonly ok: false; readonly message: string; readonly param?: string };

/** Reads a parsed JSON body that came to `route`. */
export function readExactRequest({ format, given }: ExactRoute, body: unknown): ExactRequestReading {
  const parsed = bodySchema.safeParse(body);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const param = issue === undefined || issue.path.length === 0 ? undefined : issue.path.join(".");
    const message = `${param ?? "body"}: ${issue?.message ?? "not valid"}`;
    return param === undefined ? { ok: false, message } : { ok: false, message, param };
  }
  const { data } = parsed;
  return {
    ok: true,
    request: {
      format,
      model: given?.model ?? data.model,
      stream: given?.stream ?? data.stream ?? format.startsWith("ollama"),
      inArray: given?.inArray ?? false,
      includeUsage: data.stream_options?.include_usage === true,
      maxTokens: maxTokensOf(data),
      promptBytes: PROMPT_MEMBERS.reduce((sum, member) => sum + textBytes(data[member]), 0),
      embedding: {
        count: Array.isArray(data["input"]) ? Math.max(1, data["input"].length) : 1,
        base64: data.encoding_format === "base64",
      },
      exact: data.exact,
    },
  };
}

function maxTokensOf(body: Body): number | undefined {
  const predict = body.options?.num_predict ?? 0;
  return (
    body.max_completion_tokens ??
    body.max_tokens ??
    body.max_output_tokens ??
    body.generationConfig?.maxOutputTokens ??
    (predict > 0 ? predict : undefined)
  );
}

function textBytes(value: unknown): number {
  if (typeof value === "string") return Buffer.byteLength(value);
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + textBytes(item), 0);
  if (typeof value !== "object" || value === null) return 0;
  const fields = value as Readonly<Record<string, unknown>>;
  return TEXT_MEMBERS.reduce((sum, member) => sum + textBytes(fields[member]), 0);
}

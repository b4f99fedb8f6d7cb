/** Embeddings: a whole answer without output. */
import type { AnswerHead } from "./shape.ts";
import type { Fields } from "./sse.ts";

/** What every embedding of the server is. */
const VECTOR = [0.25, -0.5, 0.125, 1];

/** An embedding request, beside what all requests have. */
export interface EmbeddingInput {
  /** How many inputs were given. */
  readonly count: number;
  /** `encoding_format: "base64"`, which OpenAI's client asks for. */
  readonly base64: boolean;
}

function base64Vector(): string {
  return Buffer.from(Float32Array.from(VECTOR).buffer).toString("base64");
}

/** The body of `POST /v1/embeddings`. */
export function openaiEmbeddings({ model, inputTokens }: AnswerHead, { count, base64 }: EmbeddingInput): Fields {
  const embedding = base64 ? base64Vector() : VECTOR;
  return {
    object: "list",
    data: Array.from({ length: count }, (_, index) => ({ object: "embedding", index, embedding })),
    model,
    usage: { prompt_tokens: inputTokens, total_tokens: inputTokens },
  };
}

/** The body of `POST /api/embed`. */
export function ollamaEmbeddings({ model, inputTokens }: AnswerHead, { count }: EmbeddingInput): Fields {
  return {
    model,
    embeddings: Array.from({ length: count }, () => VECTOR),
    ...(inputTokens === 0 ? {} : { prompt_eval_count: inputTokens }),
  };
}

/** Path tails that are LLM requests, whatever the upstream (gateway contract 3). Only `POST` counts. */
import type { ErrorShape } from "../own-error.ts";

/** How the answers of a tail are read. `opaque`: status and duration only. */
export type TailFormat = "openai-chat" | "openai-completions" | "opaque";

/** One LLM endpoint. */
export interface Tail {
  readonly suffix: string;
  readonly format: TailFormat;
  readonly operation: string;
  readonly errorShape: ErrorShape;
  /** Streams of this endpoint report usage only when asked (gateway contract 7). */
  readonly usageOnRequest: boolean;
  /** Answers carry input usage at most, so a body without it is no fault. */
  readonly usageOnly: boolean;
}

const OPENAI = { errorShape: "openai", usageOnRequest: false, usageOnly: false } as const;
const GENERATES = { ...OPENAI, usageOnRequest: true } as const;
const INPUT_ONLY = { ...OPENAI, format: "openai-chat", usageOnly: true } as const;

/** Every listed tail; a longer suffix stands before one it ends with. */
const TAILS: readonly Tail[] = [
  { ...GENERATES, suffix: "/chat/completions", format: "openai-chat", operation: "chat" },
  { ...GENERATES, suffix: "/completions", format: "openai-completions", operation: "text_completion" },
  { ...OPENAI, suffix: "/responses", format: "opaque", operation: "chat" },
  { ...INPUT_ONLY, suffix: "/embeddings", operation: "embeddings" },
  { ...INPUT_ONLY, suffix: "/rerank", operation: "rerank" },
  { ...INPUT_ONLY, suffix: "/score", operation: "rerank" },
  { ...OPENAI, suffix: "/v1/messages", format: "opaque", operation: "chat", errorShape: "anthropic" },
];

/** The LLM endpoint a request addresses, or undefined when it passes unread. */
export function tailOf(method: string, path: string): Tail | undefined {
  return method === "POST" ? TAILS.find((tail) => path.endsWith(tail.suffix)) : undefined;
}

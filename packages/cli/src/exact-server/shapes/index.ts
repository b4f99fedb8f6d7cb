import type { ExactFormat } from "../routes.ts";
import { anthropicShape } from "./anthropic.ts";
import { geminiArrayShape, geminiShape } from "./gemini.ts";
import { ollamaChatShape, ollamaGenerateShape } from "./ollama.ts";
import { openaiChatShape, openaiCompletionsShape } from "./openai.ts";
import { responsesShape } from "./responses.ts";
import type { AnswerShape } from "./shape.ts";

const SHAPES: Readonly<Record<ExactFormat, AnswerShape>> = {
  "openai-chat": openaiChatShape,
  "openai-completions": openaiCompletionsShape,
  "openai-responses": responsesShape,
  // Only their errors are shaped like this.
  "openai-embeddings": openaiChatShape,
  "anthropic-messages": anthropicShape,
  gemini: geminiShape,
  "ollama-chat": ollamaChatShape,
  "ollama-generate": ollamaGenerateShape,
  "ollama-embed": ollamaChatShape,
};

/** How answers of this kind are written. */
export function shapeOf(format: ExactFormat, inArray: boolean): AnswerShape {
  return inArray ? geminiArrayShape : SHAPES[format];
}

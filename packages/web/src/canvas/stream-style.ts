import type { Format } from "../format/format.ts";
import type { Tokens } from "../theme/tokens.ts";
import type { StreamKind, StreamModel, StreamWindow } from "./stream-model.ts";

/** Words on stream drawings, in the reader's language. */
export interface StreamWords {
  readonly ttft: string;
  readonly firstAnswer: string;
  readonly firstTool: string;
  readonly wait: string;
  readonly reasoning: string;
  readonly tool: string;
  readonly answer: string;
  readonly tail: string;
  readonly speedUnit: string;
  readonly countAxis: string;
  readonly timeAxis: string;
}

/** What every stream drawing is drawn from. */
export interface StreamScene {
  readonly model: StreamModel;
  readonly window: StreamWindow;
  /** Colour of the answer: the model's accent. */
  readonly accent: string;
  readonly words: StreamWords;
  readonly format: Format;
  /** Shared cursor, microseconds since the request. */
  readonly cursorUs?: number | undefined;
}

/** Colour of a kind; reasoning and tool have their own, the answer takes the model's. */
export function kindColour(kind: StreamKind, accent: string, tokens: Tokens): string {
  if (kind === "reasoning") return tokens.reasoning;
  return kind === "tool" ? tokens.tool : accent;
}

/** A number of tokens as text: marked when estimated. */
export function tokenText(scene: StreamScene, value: number): string {
  const text = scene.format.count(Math.round(value));
  return scene.model.axis === "estimated" ? `~${text}` : text;
}

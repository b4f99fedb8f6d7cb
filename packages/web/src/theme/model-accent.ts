import type { Tokens } from "./tokens.ts";

const SHAPES = ["●", "▲", "■", "◆", "▼", "✚"] as const;
const DASHES: readonly (readonly number[])[] = [[], [6, 3], [2, 2]];

/** How one model looks everywhere: colour, marker shape, and a dash once colours are used up. */
export interface ModelAccent {
  readonly index: number;
  readonly shape: string;
  readonly dash: readonly number[];
}

/** Accent for a model's stable index; without an index (unknown model) the first is used. */
export function modelAccent(index: number | undefined): ModelAccent {
  // A model may be named like a property every object inherits; only a real index counts.
  const at = typeof index === "number" && Number.isInteger(index) ? Math.max(0, index) : 0;
  return {
    index: at % 6,
    shape: SHAPES[at % 6] ?? SHAPES[0],
    dash: DASHES[Math.min(DASHES.length - 1, Math.floor(at / 6))] ?? [],
  };
}

/** The accent's colour in one theme. */
export function accentColour(tokens: Tokens, accent: ModelAccent): string {
  return tokens.models[accent.index] ?? tokens.models[0];
}

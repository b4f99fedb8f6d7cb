import { describe, expect, it } from "vitest";
import { contrast, inkOn, linearRgb, okLabDistance, type LinearRgb } from "./color-math.ts";
import { tokenCss } from "./token-css.ts";
import { THEMES } from "./tokens.ts";

type Matrix = readonly [LinearRgb, LinearRgb, LinearRgb];

interface Vision {
  readonly matrix: Matrix;
  /** Smallest distance allowed between two models. */
  readonly apart: number;
}

/** Viénot, Brettel, Mollon 1999 on linear RGB. Tritan is rare and rougher to simulate: there shapes carry the models too. */
const VISION: Readonly<Record<string, Vision>> = {
  normal: {
    apart: 0.11,
    matrix: [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ],
  },
  protan: {
    apart: 0.11,
    matrix: [
      [0.11238, 0.88762, 0],
      [0.11238, 0.88762, 0],
      [0.00401, -0.00401, 1],
    ],
  },
  deutan: {
    apart: 0.11,
    matrix: [
      [0.29275, 0.70725, 0],
      [0.29275, 0.70725, 0],
      [-0.02234, 0.02234, 1],
    ],
  },
  tritan: {
    apart: 0.05,
    matrix: [
      [1, 0.1461, -0.1461],
      [0, 0.8592, 0.1408],
      [0, 0.8592, 0.1408],
    ],
  },
};

const BLACK: LinearRgb = [0, 0, 0];

function seenAs(matrix: Matrix, hex: string): LinearRgb {
  const [r, g, b] = linearRgb(hex);
  const row = (m: LinearRgb) => Math.min(1, Math.max(0, m[0] * r + m[1] * g + m[2] * b));
  return [row(matrix[0]), row(matrix[1]), row(matrix[2])];
}

describe.each(Object.entries(THEMES))("the %s colours", (_name, tokens) => {
  it("keep every text token at 4.5:1 or better on panel and page", () => {
    for (const text of [tokens.text, tokens.muted, tokens.link, tokens.red, tokens.green, tokens.amber]) {
      expect(contrast(text, tokens.panel)).toBeGreaterThanOrEqual(4.5);
      expect(contrast(text, tokens.page)).toBeGreaterThanOrEqual(4.5);
    }
    expect(contrast(tokens.onLink, tokens.link)).toBeGreaterThanOrEqual(4.5);
  });

  it("keep every mark at 3:1 or better on the panel", () => {
    for (const mark of [...tokens.models, tokens.reasoning, tokens.tool, tokens.stall]) {
      expect(contrast(mark, tokens.panel)).toBeGreaterThanOrEqual(3);
    }
  });

  it("keep a readable label ink for every filled bar", () => {
    for (const fill of [...tokens.models, tokens.reasoning, tokens.tool, tokens.stall, tokens.wait, tokens.band]) {
      expect(contrast(inkOn(fill), fill)).toBeGreaterThanOrEqual(4.5);
    }
  });

  it.each(Object.entries(VISION))("keep models apart for %s vision", (_vision, { matrix, apart }) => {
    const seen = tokens.models.map((colour) => seenAs(matrix, colour));
    for (let a = 0; a < seen.length; a += 1) {
      for (let b = a + 1; b < seen.length; b += 1) {
        expect(okLabDistance(seen[a] ?? BLACK, seen[b] ?? BLACK)).toBeGreaterThanOrEqual(apart);
      }
    }
  });

  it("keep models apart from the three reserved colours", () => {
    for (const model of tokens.models) {
      for (const reserved of [tokens.reasoning, tokens.tool, tokens.stall]) {
        expect(okLabDistance(linearRgb(model), linearRgb(reserved))).toBeGreaterThanOrEqual(0.09);
      }
    }
  });
});

it("writes one variable per colour and theme", () => {
  const css = tokenCss();
  expect(css.match(/--panel:/g)).toHaveLength(2);
  expect(css.match(/--models-5:/g)).toHaveLength(2);
});

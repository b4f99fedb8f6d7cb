import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { THEMES } from "../theme/tokens.ts";
import { drawFingerprint } from "./fingerprint.ts";
import { overlaps } from "./label-space.ts";
import type { Box, Pen } from "./pen.ts";
import { RecordingPen, type WrittenText } from "./recording-pen.ts";
import { drawSparkline } from "./sparkline.ts";
import { drawSpectrum } from "./spectrum.ts";
import { drawStaircase } from "./staircase.ts";
import { busyStream, fixtureModel, fixtureScene } from "./stream-fixtures.ts";
import type { StreamScene } from "./stream-style.ts";
import { drawStrip, STRIP_HEIGHT } from "./strip.ts";
import { trailingSpeed } from "./strip-speed.ts";

const tokens = THEMES.light;
const busy = fixtureModel(busyStream(), { tailUs: 110_000 });

type Draw = (pen: Pen, scene: StreamScene, box: Box, colours: typeof tokens) => void;
const DRAWINGS: readonly (readonly [string, Draw, number])[] = [
  ["strip", drawStrip, STRIP_HEIGHT],
  ["staircase", drawStaircase, 250],
  ["gap spectrum", drawSpectrum, 222],
];

function labelsOf(draw: Draw, scene: StreamScene, width: number, height: number): readonly WrittenText[] {
  const pen = new RecordingPen();
  draw(pen, scene, { x: 0, y: 0, width, height }, tokens);
  return pen.texts;
}

function expectTidy(labels: readonly WrittenText[], width: number, height: number): void {
  labels.forEach((label, index) => {
    expect([label.text, label.x >= 0 && label.x + label.width <= width]).toEqual([label.text, true]);
    expect([label.text, label.y >= 0 && label.y + label.height <= height + 1]).toEqual([label.text, true]);
    for (const other of labels.slice(index + 1)) {
      expect([label.text, other.text, overlaps(label, other)]).toEqual([label.text, other.text, false]);
    }
  });
}

describe.each(DRAWINGS)("the labels of the %s", (_name, draw, height) => {
  it.each([320, 390, 700, 1180, 1900])("stay inside and apart at %d px", (width) => {
    expectTidy(labelsOf(draw, fixtureScene(busy), width, height), width, height);
  });

  it("stay inside and apart in any part of the stream", () => {
    const window = fc
      .tuple(fc.double({ min: 0, max: 0.95, noNaN: true }), fc.double({ min: 0.05, max: 1, noNaN: true }))
      .map(([from, width]) => ({ fromUs: from * busy.endUs, toUs: Math.min(1, from + width) * busy.endUs }));
    fc.assert(
      fc.property(window, fc.integer({ min: 300, max: 1600 }), (part, width) => {
        expectTidy(labelsOf(draw, fixtureScene(busy, part), width, height), width, height);
      }),
      { numRuns: 60 },
    );
  });

  it("stand a stream of one chunk and one without any", () => {
    const one = fixtureModel([{ atUs: 5_000 }], { tailUs: 10 });
    const none = fixtureModel([], { tailUs: 10_000 });
    for (const model of [one, none]) expectTidy(labelsOf(draw, fixtureScene(model), 400, height), 400, height);
  });
});

describe("the strip", () => {
  it("draws every pause of the list, however narrow", () => {
    const pen = new RecordingPen();
    drawStrip(pen, fixtureScene(busy), { x: 0, y: 0, width: 320, height: STRIP_HEIGHT }, tokens);
    const feet = pen.rects.filter((rect) => rect.y === 106 && rect.height === 2);
    expect(feet).toHaveLength(busy.pauses.length);
    expect(feet.every((foot) => foot.width >= 1.5)).toBe(true);
    expect(feet.filter((foot) => foot.fill === tokens.tool)).toHaveLength(1);
  });

  it("colours a column by its last token's kind and keeps heights to the square root", () => {
    const model = fixtureModel([
      { atUs: 1_000_000, tokens: 1 },
      { atUs: 2_000_000, tokens: 4, kind: "reasoning" },
    ]);
    const pen = new RecordingPen();
    drawStrip(pen, fixtureScene(model), { x: 0, y: 0, width: 400, height: STRIP_HEIGHT }, tokens);
    const columns = pen.rects.filter((rect) => rect.y + rect.height === 106 && rect.width <= 1.5);
    expect(columns.map((column) => [column.fill, Math.round(column.height)])).toEqual([
      [tokens.models[0], 24],
      [tokens.reasoning, 48],
    ]);
  });

  it("names the cursor first of all flags", () => {
    const labels = labelsOf(drawStrip, fixtureScene(busy, undefined, 1_300_000), 600, STRIP_HEIGHT);
    expect(labels.some((label) => label.text.startsWith("1.30"))).toBe(true);
  });

  it("says nothing of tokens when only chunks are known", () => {
    const model = fixtureModel(busyStream(), { axis: "chunks" });
    const scene = fixtureScene(model);
    const words = { ...scene.words, speedUnit: "chunks/s" };
    const labels = [
      ...labelsOf(drawStrip, { ...scene, words }, 900, STRIP_HEIGHT),
      ...labelsOf(drawStaircase, { ...scene, words }, 900, 250),
    ];
    expect(labels.filter((label) => label.text.includes("tok"))).toEqual([]);
  });

  it("marks estimated counts with a tilde", () => {
    const model = fixtureModel(busyStream(), { axis: "estimated" });
    const labels = labelsOf(drawStrip, fixtureScene(model, undefined, 9_000_000), 900, STRIP_HEIGHT);
    expect(labels.some((label) => label.text.includes("~"))).toBe(true);
  });
});

it("trailing speed counts the tokens of the last second", () => {
  const model = fixtureModel(Array.from({ length: 101 }, (_, index) => ({ atUs: index * 50_000 + 1 })));
  const speeds = trailingSpeed(model, { fromUs: 0, toUs: 5_000_000 }, 5);
  expect([...speeds]).toEqual([20, 20, 20, 20, 20]);
});

describe("the staircase", () => {
  it("ends at the last token and starts at the first", () => {
    const model = fixtureModel([
      { atUs: 1_000_000, tokens: 10 },
      { atUs: 2_000_000, tokens: 10 },
    ]);
    const pen = new RecordingPen();
    drawStaircase(pen, fixtureScene(model), { x: 0, y: 0, width: 500, height: 250 }, tokens);
    const path = pen.strokes.find((stroke) => stroke.width === 2 && stroke.colour === tokens.models[0])?.points ?? [];
    const [first, last] = [path[0], path.at(-1)];
    expect(first?.[1]).toBeCloseTo(228);
    expect(last?.[1]).toBeCloseTo(10);
    expect(last?.[0]).toBeCloseTo(490);
  });

  it("draws stalls as flat treads in the stall colour", () => {
    const pen = new RecordingPen();
    drawStaircase(pen, fixtureScene(busy), { x: 0, y: 0, width: 700, height: 250 }, tokens);
    const treads = pen.strokes.filter((stroke) => stroke.width === 3);
    expect(treads).toHaveLength(busy.pauses.length);
    for (const tread of treads) expect(tread.points[0]?.[1]).toBe(tread.points[1]?.[1]);
  });
});

describe("small drawings", () => {
  it("a fingerprint has 60 bars inside of 240 by 18", () => {
    const pen = new RecordingPen();
    const buckets = Array.from({ length: 60 }, (_, index) =>
      index < 10 ? { kind: "wait" as const, level: 0 as const } : { kind: "answer" as const, level: 3 as const },
    );
    drawFingerprint(pen, { buckets, accent: tokens.models[2] }, { x: 0, y: 0, width: 240, height: 18 }, tokens);
    expect(pen.rects).toHaveLength(60);
    expect(pen.rects.map((rect) => rect.height)).toEqual([...Array(10).fill(3), ...Array(50).fill(16)]);
    for (const rect of pen.rects) {
      expect(rect.x + rect.width).toBeLessThanOrEqual(240);
      expect(rect.y).toBeGreaterThanOrEqual(0);
    }
    expect(pen.rects.at(-1)?.fill).toBe(tokens.models[2]);
  });

  it("a sparkline never bridges a gap", () => {
    const pen = new RecordingPen();
    drawSparkline(pen, [1, 2, null, 3, 4], { x: 0, y: 0, width: 100, height: 30 }, tokens);
    expect(pen.strokes).toHaveLength(2);
    expect(pen.strokes.map((stroke) => stroke.points.length)).toEqual([2, 2]);
  });
});

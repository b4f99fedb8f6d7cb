import * as fc from "fast-check";
import { expect, it } from "vitest";
import { clampInto, createLabelSpace, overlaps } from "./label-space.ts";
import type { Box } from "./pen.ts";

const bounds: Box = { x: 0, y: 0, width: 600, height: 60 };
const box = fc.record({
  x: fc.integer({ min: -50, max: 640 }),
  y: fc.integer({ min: -10, max: 60 }),
  width: fc.integer({ min: 1, max: 120 }),
  height: fc.constant(14),
});

it("never lets two placed labels overlap, nor one leave the bounds", () => {
  fc.assert(
    fc.property(fc.array(fc.array(box, { minLength: 1, maxLength: 4 }), { maxLength: 30 }), (asks) => {
      const space = createLabelSpace(bounds);
      const placed = asks.map((candidates) => space.place(candidates)).filter((found) => found !== undefined);
      placed.forEach((one, index) => {
        expect(one.x).toBeGreaterThanOrEqual(0);
        expect(one.x + one.width).toBeLessThanOrEqual(600);
        for (const other of placed.slice(index + 1)) expect(overlaps(one, other)).toBe(false);
      });
    }),
  );
});

it("gives the place to who asks first and keeps off blocked parts", () => {
  const space = createLabelSpace(bounds);
  const wanted = { x: 10, y: 0, width: 50, height: 14 };
  const beside = { x: 100, y: 0, width: 50, height: 14 };
  expect(space.place([wanted])).toBe(wanted);
  expect(space.place([wanted, beside])).toBe(beside);
  space.block({ x: 200, y: 0, width: 100, height: 60 });
  expect(space.place([{ x: 250, y: 30, width: 20, height: 14 }])).toBeUndefined();
});

it("moves a label sideways into the bounds", () => {
  expect(clampInto({ x: -20, y: 0, width: 40, height: 14 }, bounds).x).toBe(0);
  expect(clampInto({ x: 590, y: 0, width: 40, height: 14 }, bounds).x).toBe(560);
});

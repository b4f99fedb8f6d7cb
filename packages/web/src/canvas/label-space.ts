import type { Box } from "./pen.ts";

/** A region in which labels find a free place. */
export interface LabelSpace {
  /** The first candidate that lies inside and touches nothing placed or blocked; then it is taken. */
  readonly place: (candidates: readonly Box[]) => Box | undefined;
  /** Keeps labels off a rectangle. */
  readonly block: (box: Box) => void;
}

/** Places labels by order of asking: who asks first wins. `gap` is the least distance between two, in pixels. */
export function createLabelSpace(bounds: Box, gap = 4): LabelSpace {
  const taken: Box[] = [];
  const inside = (box: Box) =>
    box.x >= bounds.x &&
    box.y >= bounds.y &&
    box.x + box.width <= bounds.x + bounds.width &&
    box.y + box.height <= bounds.y + bounds.height;
  const free = (box: Box) => taken.every((other) => !overlaps(box, other, gap));
  return {
    place: (candidates) => {
      const found = candidates.find((box) => inside(box) && free(box));
      if (found !== undefined) taken.push(found);
      return found;
    },
    block: (box) => void taken.push(box),
  };
}

/** Whether two rectangles come nearer than `gap` horizontally while sharing a row. */
export function overlaps(a: Box, b: Box, gap = 0): boolean {
  return a.x < b.x + b.width + gap && b.x < a.x + a.width + gap && a.y < b.y + b.height && b.y < a.y + a.height;
}

/** The same rectangle moved sideways into the bounds. */
export function clampInto(box: Box, bounds: Box): Box {
  const x = Math.max(bounds.x, Math.min(box.x, bounds.x + bounds.width - box.width));
  return { ...box, x };
}

import type { FingerprintBucket } from "@nexent/monitor-core";
import type { Tokens } from "../theme/tokens.ts";
import type { Box, Pen } from "./pen.ts";

/** Size of one fingerprint: 60 bars, 4 px apart. */
export const FINGERPRINT_WIDTH = 240;
export const FINGERPRINT_HEIGHT = 18;

const PITCH = 4;
const BAR = 3.2;
const LOW = 3;
const HEIGHTS = [LOW, 8, 12, 16] as const;

interface Bar {
  readonly height: number;
  readonly colour: string;
}

function barOf(bucket: FingerprintBucket, accent: string, tokens: Tokens): Bar {
  if (bucket.kind === "wait") return { height: LOW, colour: bucket.level === 1 ? tokens.tool : tokens.wait };
  if (bucket.level === 0) return { height: LOW, colour: tokens.stall };
  const own = bucket.kind === "reasoning" ? tokens.reasoning : bucket.kind === "tool" ? tokens.tool : accent;
  return { height: HEIGHTS[bucket.level], colour: own };
}

/** Draws the decoded buckets at the left of a box, standing on its foot. */
export function drawFingerprint(
  pen: Pen,
  data: { readonly buckets: readonly FingerprintBucket[]; readonly accent: string },
  box: Box,
  tokens: Tokens,
): void {
  const foot = box.y + box.height - 1;
  data.buckets.forEach((bucket, index) => {
    const bar = barOf(bucket, data.accent, tokens);
    pen.fillStyle = bar.colour;
    pen.fillRect(box.x + index * PITCH, foot - bar.height, BAR, bar.height);
  });
}

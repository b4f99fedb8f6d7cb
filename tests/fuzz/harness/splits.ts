import { createRandom, seedOf } from "./random.ts";

/** The bytes in one to nine pieces, cut where the bytes themselves decide; empty pieces come too. */
export function splitAtRandom(bytes: Uint8Array): readonly Uint8Array[] {
  const random = createRandom(seedOf(bytes));
  const cuts = Array.from({ length: random.below(9) }, () => random.below(bytes.length + 1)).toSorted((a, b) => a - b);
  return [0, ...cuts].map((from, index) => bytes.subarray(from, cuts[index] ?? bytes.length));
}

/**
 * Cuts an input down while it still shows the same: pieces of half its length first, then smaller ones (delta debugging).
 * @param maxTries most questions asked.
 */
export async function minimise(
  input: Uint8Array,
  stillShows: (smaller: Uint8Array) => Promise<boolean>,
  maxTries: number,
): Promise<Uint8Array> {
  let best = input;
  let tries = 0;
  for (let piece = best.length >> 1; piece >= 1; piece >>= 1) {
    for (let at = 0; at < best.length && tries < maxTries;) {
      const smaller = Buffer.concat([best.subarray(0, at), best.subarray(at + piece)]);
      tries++;
      if (await stillShows(smaller)) best = new Uint8Array(smaller);
      else at += piece;
    }
  }
  return best;
}

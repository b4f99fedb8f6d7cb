/** Feeds a scanner a whole text in pieces. */

interface Scanner {
  push(bytes: Uint8Array, take: (text: string, isCut: boolean) => void): void;
  end(take: (text: string, isCut: boolean) => void): void;
}

/** What a scanner gives, and whether it had to cut it. */
export type Scanned = readonly [text: string, isCut: boolean];

/** `cuts` are byte offsets, ascending. */
export function scanAll(scanner: Scanner, text: string | Uint8Array, cuts: readonly number[] = []): readonly Scanned[] {
  const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
  const seen: Scanned[] = [];
  const keep = (given: string, isCut: boolean): void => void seen.push([given, isCut]);
  let from = 0;
  for (const cut of [...cuts, bytes.length]) {
    scanner.push(bytes.subarray(from, cut), keep);
    from = cut;
  }
  scanner.end(keep);
  return seen;
}

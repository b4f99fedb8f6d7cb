import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeFingerprint, encodeFingerprint, FINGERPRINT_BUCKETS, type FingerprintBucket } from "./fingerprint.ts";
import type { TapeEntry } from "./model/token-timings.ts";
import type { DeltaKind } from "./providers/provider.ts";
import { findPauses } from "./stream-pauses.ts";
import { tapeColumnsOf } from "./token-tape.ts";

function fingerprint(entries: readonly TapeEntry[], durationMicros: number): readonly FingerprintBucket[] {
  const text = encodeFingerprint({ tape: tapeColumnsOf(entries), pauses: findPauses(entries).pauses, durationMicros });
  expect(text).toHaveLength(40);
  return decodeFingerprint(text ?? "") ?? expect.fail(`not a fingerprint: ${text}`);
}

/** `w` wait, `t` tool wait, `p` inside a pause; else the kind's first letter and the level. */
function picture(buckets: readonly FingerprintBucket[]): string {
  return buckets
    .map(({ kind, level }) => {
      if (kind === "wait") return level === 1 ? "t" : "w";
      return level === 0 ? "p" : `${kind[0]}${level}`;
    })
    .join(" ");
}

/** One entry at the middle of each bucket of 1 ms. */
function inBuckets(...steps: readonly (readonly [bucket: number, kind: DeltaKind, tokens?: number])[]): TapeEntry[] {
  return steps.map(([bucket, kind, tokens]) => ({
    atMicros: bucket * 1000 + 500,
    kind,
    ...(tokens === undefined ? {} : { tokens }),
  }));
}

const MILLIS = 60_000;

describe("fingerprint", () => {
  it("shows wait, kinds, levels and tail", () => {
    const entries = inBuckets(
      [2, "reasoning", 9],
      [3, "tool", 4],
      [4, "text", 1],
      [5, "refusal", 5],
      [6, "audio", 0],
      [8, "text", 3],
    );
    expect(picture(fingerprint(entries, MILLIS))).toBe(`w w r3 t2 a1 a3 a1 a1 a2${" w".repeat(51)}`);
  });

  it("takes the kind of a bucket from its last token, and of an empty one from the next token", () => {
    const entries: TapeEntry[] = [
      { atMicros: 100, kind: "text", tokens: 1 },
      { atMicros: 900, kind: "reasoning", tokens: 1 },
      { atMicros: 3500, kind: "tool", tokens: 1 },
      { atMicros: 3600, kind: "text", tokens: 1 },
    ];
    expect(picture(fingerprint(entries, MILLIS)).slice(0, 14)).toBe("r3 a1 a1 a3 w ");
  });

  it("counts chunks where tokens are unknown", () => {
    expect(picture(fingerprint(inBuckets([0, "text"], [1, "text"]), MILLIS)).slice(0, 6)).toBe("a3 a3 ");
  });

  it("draws a pause in the kind that follows it and a tool wait as a wait", () => {
    const second = 1_000_000;
    const entries: TapeEntry[] = [
      { atMicros: 0.5 * second, kind: "text", tokens: 1 },
      { atMicros: 4.5 * second, kind: "tool", tokens: 1 },
      { atMicros: 8.5 * second, kind: "text", tokens: 1 },
    ];
    const buckets = fingerprint(entries, 60 * second);
    expect(buckets.slice(1, 4)).toEqual(Array.from({ length: 3 }, () => ({ kind: "tool", level: 0 })));
    expect(buckets.slice(5, 8)).toEqual(Array.from({ length: 3 }, () => ({ kind: "wait", level: 1 })));
    expect(buckets[9]).toEqual({ kind: "wait", level: 0 });
  });

  it("never draws a pause over a chunk, even one of 0 tokens", () => {
    const second = 1_000_000;
    const entries: TapeEntry[] = [
      { atMicros: 0.1 * second, kind: "tool", tokens: 1 },
      { atMicros: 5.9 * second, kind: "text", tokens: 0 },
    ];
    expect(fingerprint(entries, 60 * second)[5]).toEqual({ kind: "answer", level: 1 });
  });

  it("packs bucket 2i into the low nibble of byte i", () => {
    const text =
      encodeFingerprint({ tape: tapeColumnsOf(inBuckets([0, "reasoning", 1])), pauses: [], durationMicros: MILLIS }) ??
      "";
    const bytes = Buffer.from(text, "base64");
    expect(bytes).toHaveLength(30);
    expect(bytes[0]).toBe(1 | (3 << 2));
  });

  it("keeps a token beyond the duration in the last bucket", () => {
    const buckets = fingerprint([{ atMicros: 90_000, kind: "text", tokens: 1 }], MILLIS);
    expect(buckets[59]).toEqual({ kind: "answer", level: 3 });
  });

  it("does not exist without a token or a duration", () => {
    const entries = inBuckets([0, "text", 1]);
    expect(encodeFingerprint({ tape: tapeColumnsOf([]), pauses: [], durationMicros: MILLIS })).toBeUndefined();
    expect(encodeFingerprint({ tape: tapeColumnsOf(entries), pauses: [], durationMicros: 0 })).toBeUndefined();
    expect(encodeFingerprint({ tape: tapeColumnsOf(entries), pauses: [], durationMicros: NaN })).toBeUndefined();
  });

  it("waits outside of the stream and never inside, for any stream", () => {
    const kinds = fc.constantFrom<DeltaKind>("text", "reasoning", "tool", "refusal", "audio");
    const step = fc.record({ gap: fc.nat(3_000_000), kind: kinds, tokens: fc.option(fc.nat(50), { nil: undefined }) });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 80 }), fc.nat(2_000_000), (steps, tail) => {
        let at = 0;
        const entries = steps.map(({ gap, kind, tokens }): TapeEntry => {
          at += gap;
          return { atMicros: at, kind, ...(tokens === undefined ? {} : { tokens }) };
        });
        const durationMicros = at + tail + 1;
        const buckets = fingerprint(entries, durationMicros);
        const bucketOf = (micros: number): number => Math.floor((micros / durationMicros) * FINGERPRINT_BUCKETS);
        const [first, last] = [bucketOf(entries[0]?.atMicros ?? 0), bucketOf(at)];
        for (const [i, { kind, level }] of buckets.entries()) {
          if (i < first || i > last) expect({ kind, level }).toEqual({ kind: "wait", level: 0 });
          else if (kind === "wait") expect(level).toBe(1);
        }
        expect(buckets[last]?.kind).not.toBe("wait");
      }),
    );
  });

  it("reads only 40 characters of base64", () => {
    for (const text of ["", "AAAA", "A".repeat(39), "A".repeat(44), `${"A".repeat(39)}!`]) {
      expect(decodeFingerprint(text)).toBeUndefined();
    }
    expect(decodeFingerprint("A".repeat(40))).toHaveLength(60);
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeBase64 } from "./base64.ts";
import { MonitorError } from "./errors.ts";
import { LIMITS } from "./limits.ts";
import type { TapeEntry } from "./model/token-timings.ts";
import type { DeltaKind } from "./providers/provider.ts";
import { encodeTextTape } from "./token-tape-encode.ts";
import { decodeTokenTape, encodeTokenTape } from "./token-tape.ts";

const TICK = 16;

/** Entries in time order. */
const tape = fc
  .array(
    fc.record({
      gapMicros: fc.oneof(fc.nat(300_000), fc.constantFrom(0, 1, 8, 3_600_000_000)),
      kind: fc.constantFrom<DeltaKind>("text", "text", "reasoning", "tool", "refusal", "audio"),
      tokens: fc.option(fc.oneof(fc.constant(1), fc.nat(100_000)), { nil: undefined }),
    }),
    { maxLength: 80 },
  )
  .map((parts) => {
    let atMicros = 0;
    return parts.map(({ gapMicros, kind, tokens }): TapeEntry => {
      atMicros += gapMicros;
      return tokens === undefined ? { atMicros, kind } : { atMicros, kind, tokens };
    });
  });

/** `count` entries of one token each, `gapMicros` apart. */
function steady(count: number, gapMicros: number): readonly TapeEntry[] {
  return Array.from({ length: count }, (_, i) => ({ atMicros: 500_000 + i * gapMicros, kind: "text", tokens: 1 }));
}

function codeOf(decode: () => unknown): string {
  try {
    decode();
    return "none";
  } catch (error) {
    if (error instanceof MonitorError) return error.code;
    throw error;
  }
}

function tapeOf(...bytes: readonly number[]): string {
  return encodeBase64(Uint8Array.from(bytes));
}

describe("a token tape", () => {
  it("of one token of text each is the same straight from the stamps, or none where it would be too long", () => {
    const stamps = fc.array(fc.oneof(fc.nat(90), fc.nat(300_000), fc.constant(0.5)), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(stamps, fc.constantFrom(8, 40, 1 << 14), (gaps, maxCharacters) => {
        let atMicros = 0;
        const entries = gaps.map((gap): TapeEntry => ({ atMicros: (atMicros += gap), kind: "text", tokens: 1 }));
        const whole = encodeTokenTape(entries, { maxCharacters });
        const straight = encodeTextTape(
          Float64Array.from(entries, (entry) => entry.atMicros),
          { maxCharacters },
        );
        expect(straight).toBe(decodeTokenTape(whole).merged ? undefined : whole);
      }),
    );
  });

  it("gives back every time within half a tick, and kind and count exactly", () => {
    fc.assert(
      fc.property(tape, (entries) => {
        const decoded = decodeTokenTape(encodeTokenTape(entries, { maxCharacters: 1 << 20 }));
        expect(decoded.merged).toBe(false);
        expect(decoded.tickMicros).toBe(TICK);
        expect(decoded.entries.map(({ kind, tokens }) => [kind, tokens])).toEqual(
          entries.map(({ kind, tokens }) => [kind, tokens]),
        );
        decoded.entries.forEach(({ atMicros }, i) => {
          expect(Math.abs(atMicros - (entries[i]?.atMicros ?? 0))).toBeLessThanOrEqual(TICK / 2);
        });
      }),
      { numRuns: 500 },
    );
  });

  it("takes two bytes per one-token chunk", () => {
    // 500 chunks 20 ms apart: 1,250 ticks each.
    const bytes = (encodeTokenTape(steady(500, 20_000)).length / 4) * 3;
    expect(bytes).toBeLessThan(500 * 2 + 16);
    expect(decodeTokenTape(encodeTokenTape(steady(500, 20_000))).entries).toHaveLength(500);
  });

  it("has the documented bytes", () => {
    const entries: readonly TapeEntry[] = [
      { atMicros: 1_600, kind: "text", tokens: 1 },
      { atMicros: 3_200, kind: "text", tokens: 1 },
      { atMicros: 4_800, kind: "tool", tokens: 5 },
      { atMicros: 4_800, kind: "tool" },
    ];
    // version, flags, tick, first | run of 2 text one-each, 0, 100 | run of 1 tool counted, 100, 5 | run of 1 tool unknown, 0
    expect(encodeTokenTape(entries)).toBe(tapeOf(1, 0, 16, 100, 64, 0, 100, 32 + 8 + 1, 100, 5, 32 + 8 + 2, 0));
    expect(encodeTokenTape([])).toBe(tapeOf(1, 3, 16, 0));
    expect(encodeTokenTape(entries.slice(0, 3))).toBe(tapeOf(1, 1, 16, 100, 64, 0, 100, 32 + 8 + 1, 100, 5));
    expect(encodeTokenTape(entries.slice(3))).toBe(tapeOf(1, 2, 16, 172, 2, 32 + 8 + 2, 0));
  });

  it("is merged in pairs above its cap: sums stay, first and last entry stay exact", () => {
    const entries = steady(40_000, 20_000);
    const text = encodeTokenTape(entries);
    expect(text.length).toBeLessThanOrEqual(LIMITS.tokenTapeMaxBytes);
    const { entries: kept, merged } = decodeTokenTape(text);
    expect(merged).toBe(true);
    expect(kept.length).toBeGreaterThan(2_000);
    expect(kept.reduce((sum, { tokens = 0 }) => sum + tokens, 0)).toBe(40_000);
    expect(kept[0]).toEqual(entries[0]);
    expect(kept.at(-1)).toEqual(entries.at(-1));
  });

  it("keeps three entries whatever the cap, and never loses the end", () => {
    fc.assert(
      fc.property(tape, fc.integer({ min: 4, max: 200 }), (entries, maxCharacters) => {
        const text = encodeTokenTape(entries, { maxCharacters });
        const { entries: kept } = decodeTokenTape(text);
        if (text.length > maxCharacters) expect(kept.length).toBeLessThanOrEqual(3);
        const last = entries.at(-1)?.atMicros ?? 0;
        expect(Math.abs((kept.at(-1)?.atMicros ?? 0) - last)).toBeLessThanOrEqual(TICK / 2);
      }),
    );
  });

  it("says so when its entries stand for several chunks already", () => {
    expect(decodeTokenTape(encodeTokenTape(steady(3, 1_000), { merged: true })).merged).toBe(true);
  });

  it("survives numbers that are none: they are unknown, and time never runs backwards", () => {
    const entries: readonly TapeEntry[] = [
      { atMicros: 3_200, kind: "text", tokens: Number.POSITIVE_INFINITY },
      { atMicros: Number.NaN, kind: "text", tokens: -1 },
      { atMicros: 1_600, kind: "text", tokens: 1.5 },
      { atMicros: Number.POSITIVE_INFINITY, kind: "text", tokens: 2 },
    ];
    expect(decodeTokenTape(encodeTokenTape(entries)).entries).toEqual([
      { atMicros: 3_200, kind: "text" },
      { atMicros: 3_200, kind: "text" },
      { atMicros: 3_200, kind: "text" },
      { atMicros: 3_200, kind: "text", tokens: 2 },
    ]);
  });
});

describe("what is no tape", () => {
  it.each([
    ["empty", ""],
    ["no base64", "!!!!"],
    ["base64 of a wrong length", "AQ"],
    ["a version of the future", tapeOf(2, 0, 16, 0)],
    ["a tick of 0", tapeOf(1, 0, 0, 0)],
    ["cut in the header", tapeOf(1, 0, 16)],
    ["cut in a run", tapeOf(1, 0, 16, 0, 64, 0)],
    ["an empty run", tapeOf(1, 0, 16, 0, 0)],
    ["an unknown kind", tapeOf(1, 0, 16, 0, 32 + 5 * 4, 0)],
    ["an unknown count mode", tapeOf(1, 0, 16, 0, 32 + 3, 0)],
    ["a run that promises more than there is", tapeOf(1, 0, 16, 0, 255, 255, 255, 255, 15, 0)],
    ["an endless number", tapeOf(1, 0, 16, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1)],
    ["a time beyond all integers", tapeOf(1, 0, 255, 255, 255, 255, 255, 255, 15, 32, 0, 255, 255, 255, 255, 15)],
    ["too long", "A".repeat(4 << 20)],
  ])("is refused: %s", (_, text) => {
    expect(codeOf(() => decodeTokenTape(text))).toBe("PAYLOAD_MALFORMED");
  });

  it("is refused with PAYLOAD_MALFORMED and nothing else, whatever the bytes", () => {
    const header = [1, 0, 16, 0];
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.boolean(), (bytes, isHeaded) => {
        const text = encodeBase64(isHeaded ? Uint8Array.from([...header, ...bytes]) : bytes);
        expect(["none", "PAYLOAD_MALFORMED"]).toContain(codeOf(() => decodeTokenTape(text)));
      }),
      { numRuns: 3_000 },
    );
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), (text) => {
        expect(["none", "PAYLOAD_MALFORMED"]).toContain(codeOf(() => decodeTokenTape(text)));
      }),
    );
  });
});

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  filterCodec,
  languageCodec,
  liveCodec,
  modelsCodec,
  operationsCodec,
  providersCodec,
  rangeCodec,
  selectedCodec,
  SORT_COLUMNS,
  sortCodec,
  withValue,
  type Codec,
} from "./codecs.ts";
import { parseMoment, RELATIVE_KEYS, resolveRange, shiftRange, zoomOut, type Range } from "./range.ts";

const word = fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 });
const choices = fc.uniqueArray(word, { maxLength: 8 });
const ms = fc.integer({ min: 0, max: 8_000_000_000_000_000 });
const range: fc.Arbitrary<Range> = fc.oneof(
  fc.constantFrom(...RELATIVE_KEYS).map((key) => ({ kind: "relative" as const, key })),
  fc.tuple(ms, fc.integer({ min: 1, max: 1e12 })).map(([fromMs, length]) => ({
    kind: "absolute" as const,
    fromMs,
    toMs: fromMs + length,
  })),
);

function roundTrips<T>(codec: Codec<T>, values: fc.Arbitrary<T>): void {
  fc.assert(
    fc.property(values, fc.constantFrom("", "?zz=1&m2=a%20b", "?zz=1&t=6h&m=x&f=y&sel=q"), (value, search) => {
      const next = withValue(search, codec, value);
      expect(codec.decode(new URLSearchParams(next))).toEqual({ value });
      expect(new URLSearchParams(next).get("zz")).toBe(search === "" ? null : "1");
    }),
  );
}

describe("every codec round-trips any value and keeps foreign keys", () => {
  it("range", () => {
    for (const key of RELATIVE_KEYS) roundTrips(rangeCodec(key), range);
  });
  it("models", () => roundTrips(modelsCodec, choices));
  it("operations", () => roundTrips(operationsCodec, choices));
  it("providers", () => roundTrips(providersCodec, choices));
  it("filter text", () => roundTrips(filterCodec, fc.oneof(word, fc.constant(""))));
  it("selection", () => roundTrips(selectedCodec, word));
  it("language", () => roundTrips(languageCodec, fc.constantFrom("", "en", "zh-CN")));
  it("live", () => roundTrips(liveCodec, fc.boolean()));
  it("sort", () =>
    roundTrips(sortCodec, fc.record({ column: fc.constantFrom(...SORT_COLUMNS), descending: fc.boolean() })));
});

describe("bad values", () => {
  it.each([
    ["t=2h", "t"],
    ["from=abc&to=5", "from"],
    ["from=10&to=5", "to"],
    ["at=-1", "at"],
  ])("in %s fall back and are named", (search, bad) => {
    expect(rangeCodec("1h").decode(new URLSearchParams(search))).toEqual({
      value: { kind: "relative", key: "1h" },
      bad,
    });
  });

  it("of live and sort are named too", () => {
    expect(liveCodec.decode(new URLSearchParams("live=yes")).bad).toBe("live");
    expect(sortCodec.decode(new URLSearchParams("sort=-nothing")).bad).toBe("sort");
  });
});

it("opens ten minutes around `at`", () => {
  expect(rangeCodec("1h").decode(new URLSearchParams("at=1000000")).value).toEqual({
    kind: "absolute",
    fromMs: 700_000,
    toMs: 1_300_000,
  });
});

describe("ranges", () => {
  const now = new Date(2026, 10, 24, 9, 41).getTime();

  it("shift by half and never beyond now", () => {
    const hour: Range = { kind: "relative", key: "1h" };
    expect(shiftRange(hour, 0.5, now)).toBe(hour);
    const back = shiftRange(hour, -0.5, now);
    expect(resolveRange(back, now)).toEqual({ fromMs: now - 5_400_000, toMs: now - 1_800_000 });
  });

  it("zoom out to the next longer relative range", () => {
    expect(zoomOut({ kind: "relative", key: "1h" }, now)).toEqual({ kind: "relative", key: "6h" });
    expect(zoomOut({ kind: "relative", key: "30d" }, now)).toEqual({ kind: "relative", key: "30d" });
  });

  it.each([
    ["now", now],
    ["now-90m", now - 5_400_000],
    ["09:00", new Date(2026, 10, 24, 9).getTime()],
    ["2026-11-23 09:00", new Date(2026, 10, 23, 9).getTime()],
    ["yesterday", new Date(2026, 10, 23).getTime()],
    ["昨天", new Date(2026, 10, 23).getTime()],
    ["2026-02-31", undefined],
    ["soon", undefined],
    ["25:00", undefined],
  ])("read %s as people mean it", (text, moment) => expect(parseMoment(text, now)).toBe(moment));
});

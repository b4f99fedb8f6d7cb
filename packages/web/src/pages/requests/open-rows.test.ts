import type { OpenCall } from "@nexent/monitor-api";
import { describe, expect, it } from "vitest";
import { nextOpenRows } from "./open-rows.ts";

const id = (number: number) => `${String(number).padStart(32, "0")}-${"a".repeat(16)}`;
const call = (number: number, elapsedMs: number): OpenCall => ({
  id: id(number),
  model: "m",
  upstream: "openai",
  provider: "openai",
  operation: "chat",
  streaming: true,
  state: "waiting",
  elapsedMs,
  estimated: false,
});

describe("rows of open calls", () => {
  const first = nextOpenRows([], [call(1, 500), call(2, 100)], { held: false, nowMs: 10_000 });

  it("start when their call did, and do not jump when the answer took longer", () => {
    expect(first.map(({ startMs }) => startMs)).toEqual([9_500, 9_900]);
    const next = nextOpenRows(first, [call(1, 1_000), call(2, 600)], { held: false, nowMs: 10_530 });
    expect(next.map(({ startMs }) => startMs)).toEqual([9_500, 9_900]);
  });

  it("come and go with the calls", () => {
    const next = nextOpenRows(first, [call(2, 600), call(3, 10)], { held: false, nowMs: 10_500 });
    expect(next.map(({ key }) => key)).toEqual([id(2), id(3)]);
  });

  it("keep their places while the list is held: what ended stays marked, what is new waits", () => {
    const next = nextOpenRows(first, [call(2, 600), call(3, 10)], { held: true, nowMs: 10_500 });
    expect(next.map(({ key, ended }) => [key, ended])).toEqual([
      [id(1), true],
      [id(2), false],
    ]);
    expect(next[1]?.call.elapsedMs).toBe(600);
  });
});

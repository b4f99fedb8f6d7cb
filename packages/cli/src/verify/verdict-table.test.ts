import { expect, it } from "vitest";
import type { Verdict } from "./judge.ts";
import { summaryLine, verdictTable } from "./verdict-table.ts";

const PASSED: Verdict = {
  scenario: "reference",
  target: "gateway",
  plays: 5,
  records: 5,
  lost: 0,
  ttftErrorMs: 0.4213,
  rateErrorPercent: 0.03,
  outcomes: ["ok"],
  outputTokens: ["20"],
  failures: [],
  onlyTimesFail: false,
};

const FAILED: Verdict = {
  scenario: "dropped",
  target: "sdk",
  plays: 5,
  records: 4,
  lost: 1,
  outcomes: ["error/stream_interrupted"],
  outputTokens: ["~3", "–"],
  failures: ["1 of 5 calls have no record"],
  onlyTimesFail: false,
};

it("shows one row per scenario and target, unknown as a dash, and why a row failed", () => {
  const lines = verdictTable([PASSED, FAILED]);
  expect(lines[2]?.split(/ {2,}/)).toEqual(["reference", "gateway", "0.42 ms", "0.03 %", "ok", "20", "5/5", "pass"]);
  expect(lines[3]?.split(/ {2,}/)).toEqual([
    "dropped",
    "sdk",
    "–",
    "–",
    "error/stream_interrupted",
    "~3 | –",
    "4/5",
    "FAIL",
  ]);
  expect(lines[4]).toBe("    1 of 5 calls have no record");
});

it("sums the run up in one line", () => {
  expect(summaryLine([PASSED, FAILED], 12.4)).toBe(
    "1 passed, 1 failed: 10 calls in 12 s, 1 lost, largest median error TTFT 0.42 ms, rate 0.03 %",
  );
});

import type { LlmFields } from "@nexent/monitor-core";
import type { Scenario, ScenarioClient, ScenarioTruth } from "@nexent/monitor-core/scenarios";
import { describe, expect, it } from "vitest";
import type { PlayRecord } from "../exact-server/schedule.ts";
import type { ObservedRecord, PlayEvidence } from "./evidence.ts";
import { DEFAULT_TOLERANCES, judge, type Verdict } from "./judge.ts";

const event = (delta: string): string =>
  `data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":${delta}}]}\n\n`;

const TRUTH: ScenarioTruth = {
  outcome: "ok",
  firstChunkSeconds: 0.4,
  ttftSeconds: 0.5,
  firstAnswerTokenSeconds: 0.5,
  generationRateTokensPerSecond: 10,
  durationSeconds: 0.8,
  inputTokens: 3,
  outputTokens: 3,
  estimated: false,
  stallCount: 0,
};

function scenarioWith(
  truth: Partial<ScenarioTruth> = {},
  client: ScenarioClient = { kind: "read" },
  unknown: readonly (keyof ScenarioTruth)[] = [],
): Scenario {
  const known: ScenarioTruth = { ...TRUTH, ...truth };
  return {
    name: "three-tokens",
    title: "Three tokens, 100 ms apart.",
    format: "openai-chat",
    stream: true,
    status: 200,
    headers: {},
    writes: [
      { atMs: 400, text: event('{"role":"assistant","content":""}') },
      { atMs: 500, text: event('{"content":"a"}') },
      { atMs: 600, text: event('{"content":"b"}') },
      { atMs: 700, text: event('{"content":"c"}') },
      { atMs: 800, text: "data: [DONE]\n\n" },
    ],
    end: { kind: "end", atMs: 800 },
    client,
    includeUsage: true,
    truth: { ...known, ...Object.fromEntries(unknown.map((field) => [field, undefined])) },
    targets: ["gateway", "sdk"],
  };
}

const RIGHT: LlmFields = {
  outcome: "ok",
  firstChunkSeconds: 0.4,
  ttftSeconds: 0.5,
  firstAnswerTokenSeconds: 0.5,
  generationRateTokensPerSecond: 10,
  inputTokens: 3,
  outputTokens: 3,
  estimated: false,
};

function playOf(change: Partial<PlayRecord> = {}): PlayRecord {
  const plannedMs = [400, 500, 600, 700, 800];
  return {
    id: "p",
    name: "three-tokens",
    model: "scenario/three-tokens",
    arrivedUnixMs: 1_000_000,
    plannedMs,
    writtenMs: plannedMs,
    state: "finished",
    endedMs: 800,
    ...change,
  };
}

function recordOf(fields: LlmFields, durationSeconds = 0.8): ObservedRecord {
  return { playId: "p", fields, durationSeconds };
}

function judgeOne(evidence: Partial<PlayEvidence>, scenario: Scenario = scenarioWith()): Verdict {
  return judge({
    scenario,
    target: "gateway",
    plays: [{ playId: "p", play: playOf(), observed: [recordOf(RIGHT)], ...evidence }],
  });
}

function without(field: keyof LlmFields): LlmFields {
  return Object.fromEntries(Object.entries(RIGHT).filter(([name]) => name !== field));
}

describe("the judge", () => {
  it("passes what is right, and says how far off it was", () => {
    const verdict = judgeOne({ observed: [recordOf({ ...RIGHT, ttftSeconds: 0.501 })] });
    expect(verdict.failures).toEqual([]);
    expect(verdict.ttftErrorMs).toBeCloseTo(1, 6);
    expect(verdict).toMatchObject({ rateErrorPercent: 0, outcomes: ["ok"], outputTokens: ["3"], records: 1, lost: 0 });
  });

  it.each<[string, LlmFields, string]>([
    ["a late TTFT", { ...RIGHT, ttftSeconds: 0.5021 }, "TTFT is off by"],
    ["an early TTFT", { ...RIGHT, ttftSeconds: 0.4979 }, "TTFT is off by"],
    ["the role chunk taken for the first token", { ...RIGHT, ttftSeconds: 0.4 }, "TTFT is off by 100"],
    ["a late first chunk", { ...RIGHT, firstChunkSeconds: 0.5 }, "first chunk is off by"],
    ["a wrong rate", { ...RIGHT, generationRateTokensPerSecond: 10.11 }, "generation rate is off by 1.1"],
    ["a wrong outcome", { ...RIGHT, outcome: "cancelled" }, "outcome: cancelled instead of ok"],
    ["an error type where there is none", { ...RIGHT, errorType: "timeout" }, "outcome: ok/timeout instead of ok"],
    ["wrong tokens", { ...RIGHT, outputTokens: 4 }, "output tokens: 4 instead of 3"],
    ["an estimate where usage was reported", { ...RIGHT, estimated: true }, "output tokens: ~3 instead of 3"],
    ["wrong input tokens", { ...RIGHT, inputTokens: 0 }, "input tokens: 0 instead of 3"],
    ["a stall that was none", { ...RIGHT, stallCount: 1 }, "stalls: 1 instead of 0"],
    ["a missing TTFT", without("ttftSeconds"), "TTFT is missing"],
    ["a missing rate", without("generationRateTokensPerSecond"), "generation rate is missing"],
    ["missing tokens", without("outputTokens"), "output tokens: – instead of 3"],
    ["a first tool call that was none", { ...RIGHT, firstToolCallSeconds: 0.5 }, "first tool call must be unknown"],
  ])("fails %s", (_, fields, failure) => {
    expect(judgeOne({ observed: [recordOf(fields)] }).failures.join("\n")).toContain(failure);
  });

  it("does not judge what cannot be seen at a target", () => {
    const fields = { ...RIGHT, firstChunkSeconds: 0.5, inputTokens: 0 };
    const given = {
      scenario: scenarioWith(),
      target: "ai",
      plays: [{ playId: "p", play: playOf(), observed: [recordOf(fields)] }],
    } as const;
    expect(judge(given).failures).toHaveLength(2);
    expect(judge({ ...given, hidden: ["firstChunkSeconds", "inputTokens"] }).failures).toEqual([]);
  });

  it("wants as many attempts as there were requests, and lets the client decide how long that takes", () => {
    const refusals = [{ status: 503, headers: {}, body: "{}", atMs: 50 }];
    const scenario = { ...scenarioWith(), refusals };
    const observed = (attempts: number): readonly ObservedRecord[] => [recordOf({ ...RIGHT, attempts }, 2)];
    expect(judgeOne({ observed: observed(2) }, scenario).failures).toEqual([]);
    expect(judgeOne({ observed: observed(1) }, scenario).failures).toEqual(["attempts: 1 instead of 2"]);
  });

  it("fails a 0 where the value must be unknown", () => {
    const scenario = scenarioWith({}, { kind: "read" }, ["ttftSeconds", "outputTokens"]);
    const { failures } = judgeOne({ observed: [recordOf({ ...RIGHT, ttftSeconds: 0, outputTokens: 0 })] }, scenario);
    expect(failures).toEqual(expect.arrayContaining(["TTFT must be unknown, is 0", "output tokens: 0 instead of –"]));
  });

  it("fails a lost call, a doubled record, a request that never arrived, and no play at all", () => {
    expect(judgeOne({ observed: [] })).toMatchObject({ lost: 1, failures: ["1 of 1 calls have no record"] });
    expect(judgeOne({ observed: [recordOf(RIGHT), recordOf(RIGHT)] }).failures).toEqual([
      "1 of 1 calls have more than one record",
    ]);
    expect(judgeOne({ play: undefined }).failures).toEqual(["1 of 1 requests never reached the server"]);
    expect(judge({ scenario: scenarioWith(), target: "sdk", plays: [] }).failures).toEqual(["nothing was played"]);
  });

  it("fails a wrong duration, but not when the client chose it", () => {
    expect(judgeOne({ observed: [recordOf(RIGHT, 0.85)] }).failures.join()).toContain("duration is off by 50");
    const aborted = scenarioWith({}, { kind: "abort", atMs: 750 });
    expect(judgeOne({ observed: [recordOf(RIGHT, 0.75)] }, aborted).failures).toEqual([]);
  });

  it("fails an early end that reached the upstream late or never", () => {
    const scenario = scenarioWith({}, { kind: "abort", atMs: 750 });
    const left = { leftUnixMs: 1_000_750 };
    const heard = judgeOne({ ...left, play: playOf({ state: "aborted", endedMs: 760 }) }, scenario);
    expect(heard).toMatchObject({ upstreamAbortMs: 10, failures: [] });
    expect(judgeOne({ ...left, play: playOf({ state: "aborted", endedMs: 900 }) }, scenario).failures.join()).toContain(
      "after 150 ms",
    );
    expect(judgeOne({ ...left, play: playOf() }, scenario).failures.join()).toContain("never reached the upstream");
  });

  it("compares with what was really written, not with what was planned", () => {
    const late = playOf({ writtenMs: [403, 505, 605, 725, 825], endedMs: 825 });
    const measured = {
      ...RIGHT,
      firstChunkSeconds: 0.403,
      ttftSeconds: 0.505,
      firstAnswerTokenSeconds: 0.505,
      generationRateTokensPerSecond: 2 / 0.22,
    };
    expect(judgeOne({ play: late, observed: [recordOf(measured, 0.825)] }).failures).toEqual([]);
    expect(judgeOne({ play: late }).failures.length).toBeGreaterThan(2);
  });

  it("takes the median over the plays, so that one disturbed play does not decide", () => {
    const good: PlayEvidence = { playId: "p", play: playOf(), observed: [recordOf(RIGHT)] };
    const disturbed: PlayEvidence = { ...good, observed: [recordOf({ ...RIGHT, ttftSeconds: 0.53 })] };
    const given = { scenario: scenarioWith(), target: "gateway" as const };
    expect(judge({ ...given, plays: [good, disturbed, good] }).failures).toEqual([]);
    expect(judge({ ...given, plays: [disturbed, disturbed, good] }).failures).toHaveLength(1);
  });

  it("lets most plays decide whether there is a rate, and nothing else", () => {
    const good: PlayEvidence = { playId: "p", play: playOf(), observed: [recordOf(RIGHT)] };
    const given = { scenario: scenarioWith(), target: "sdk" as const };
    const noRate: PlayEvidence = { ...good, observed: [recordOf(without("generationRateTokensPerSecond"))] };
    expect(judge({ ...given, plays: [good, noRate, good] }).failures).toEqual([]);
    expect(judge({ ...given, plays: [noRate, noRate, good] }).failures).toEqual([
      "generation rate is missing in 2 of 3 plays",
    ]);
    const noTokens: PlayEvidence = { ...good, observed: [recordOf(without("outputTokens"))] };
    expect(judge({ ...given, plays: [good, noTokens, good] }).failures).toEqual(["output tokens: – instead of 3"]);
    const unknown = { ...given, scenario: scenarioWith({}, { kind: "read" }, ["generationRateTokensPerSecond"]) };
    expect(judge({ ...unknown, plays: [good, good] }).failures).toEqual([
      "generation rate must be unknown, is present in 2 of 2 plays",
    ]);
  });

  it("tells failures of nothing but times from all others", () => {
    expect(judgeOne({ observed: [recordOf({ ...RIGHT, ttftSeconds: 0.51 })] }).onlyTimesFail).toBe(true);
    expect(judgeOne({ observed: [recordOf({ ...RIGHT, ttftSeconds: 0.51, outputTokens: 4 })] }).onlyTimesFail).toBe(
      false,
    );
    expect(judgeOne({}).onlyTimesFail).toBe(false);
  });

  it("allows nothing when the tolerance is 0", () => {
    const observed = [recordOf({ ...RIGHT, ttftSeconds: 0.500_001 })];
    const given = {
      scenario: scenarioWith(),
      target: "sdk" as const,
      plays: [{ playId: "p", play: playOf(), observed }],
    };
    expect(judge(given).failures).toEqual([]);
    expect(judge(given, { ...DEFAULT_TOLERANCES, ttftMs: 0 }).failures).toHaveLength(1);
  });
});

import { requestDetailSchema, streamSchema, VERDICT_IDS } from "@nexent/monitor-api";
import { encodeTokenTape, type TapeEntry } from "@nexent/monitor-core";
import { createMemoryStore } from "@nexent/monitor-store";
import { describe, expect, it } from "vitest";
import { callSpan, steadyTape, storeCalls, type CallSpec } from "../testing/calls.ts";
import { idsOf } from "../testing/spans.ts";
import { requestDetail, requestStream } from "./request-detail.ts";

const T0 = Date.parse("2026-11-24T10:00:00Z");
const thresholds = { slowTokenRate: 10, slowRequestSeconds: 5 };
const idOf = (index: number): string => `${idsOf(index).traceId}-${idsOf(index).spanId}`;

async function detailOf(spec: CallSpec) {
  const store = createMemoryStore();
  await storeCalls(store, [spec]);
  const detail = await requestDetail(store, idOf(0), thresholds);
  expect(requestDetailSchema.parse(detail)).toEqual(detail);
  const declared = new Map<string, readonly string[]>(Object.entries(VERDICT_IDS));
  for (const { id, params } of detail.verdict) expect(Object.keys(params)).toEqual(declared.get(id));
  return detail;
}

async function streamOf(spec: CallSpec) {
  const store = createMemoryStore();
  await storeCalls(store, [spec]);
  const stream = await requestStream(store, idOf(0));
  expect(streamSchema.parse(stream)).toEqual(stream);
  return stream;
}

/** The reference schedule of the measurement contract: 20 tokens 20 ms apart from 500 ms on, end at 1,180 ms. */
const REFERENCE: CallSpec = {
  startMs: T0,
  durationSeconds: 1.18,
  ttftSeconds: 0.5,
  lastTokenSeconds: 0.88,
  rate: 50,
  inputTokens: 7,
  outputTokens: 20,
  tape: steadyTape({ firstMicros: 500_000, gapMicros: 20_000, count: 20 }),
  attributes: { "llm.clock_source": "wire", "llm.attempts": 2 },
};

describe("request detail", () => {
  it("shows what the server of the model said of itself, beside the marks", async () => {
    const said = { "llm.server.queue_seconds": 0.2, "llm.server.prefill_seconds": 0.25 };
    const detail = await detailOf({ ...REFERENCE, attributes: said });
    expect(detail.serverTimings).toEqual({ queueSeconds: 0.2, prefillSeconds: 0.25 });
    expect(detail.marks.ttftSeconds).toBe(0.5);
    expect(await detailOf(REFERENCE)).not.toHaveProperty("serverTimings");
  });

  it("gives the golden answer for the reference schedule", async () => {
    const detail = await detailOf(REFERENCE);
    expect(detail.verdict).toEqual([]);
    expect(detail.request).toMatchObject({
      id: idOf(0),
      model: "gpt-4o",
      outcome: "ok",
      ttftSeconds: 0.5,
      attempts: 2,
    });
    expect(detail.marks).toEqual({ ttftSeconds: 0.5, lastTokenSeconds: 0.88 });
    expect(detail.split).toEqual([
      { part: "wait", seconds: 0.5 },
      { part: "decode", seconds: 0.38 },
      { part: "tool_wait", seconds: 0 },
      { part: "stalls", seconds: 0 },
      { part: "tail", seconds: 0.3 },
    ]);
    expect(detail.gaps).toEqual({ n: 19, p50Seconds: 0.02, p99Seconds: 0.02, maxSeconds: 0.02 });
    expect(detail.pauses).toEqual({ count: 0, lostSeconds: 0, thresholdSeconds: 0.25 });
    expect(detail.steadyRateTokensPerSecond).toBeCloseTo(50, 6);
    expect(detail).toMatchObject({ hasStream: true, tokenSource: "usage", clockSource: "wire" });
    expect(detail).not.toHaveProperty("ranks");
    expect(detail.attributes).toContainEqual({ key: "gen_ai.request.model", value: "gpt-4o", type: "string" });
    expect(detail.resource).toEqual([{ key: "service.name", value: "checkout", type: "string" }]);
  });

  it("takes pauses out of the steady rate and names them", async () => {
    const tape = steadyTape({ firstMicros: 500_000, gapMicros: 20_000, count: 20 }).map((entry, index) => ({
      ...entry,
      atMicros: entry.atMicros + (index >= 10 ? 2_000_000 : 0),
    }));
    const detail = await detailOf({
      ...REFERENCE,
      durationSeconds: 3.2,
      lastTokenSeconds: 2.88,
      rate: 19 / 2.38,
      tape,
    });
    expect(detail.steadyRateTokensPerSecond).toBeCloseTo(19 / 0.38, 3);
    expect(detail.verdict).toEqual([
      { id: "slow_speed", params: { rateTokensPerSecond: 19 / 2.38, thresholdTokensPerSecond: 10 } },
      { id: "stalls", params: { count: 1, lostSeconds: expect.closeTo(2, 3), share: expect.closeTo(2 / 3.2, 3) } },
    ]);
  });

  it("says how a failed stream ended, and calls reasoning, bursts and a change of pace by their names", async () => {
    const broken = await detailOf({ ...REFERENCE, outcome: "error", durationSeconds: 8 });
    expect(broken.verdict.map(({ id }) => id)).toEqual(["error", "broke_after", "slow"]);
    const reasoning = steadyTape({ firstMicros: 500_000, gapMicros: 20_000, count: 20 }).map(
      (entry, index): TapeEntry => ({ ...entry, kind: index < 10 ? "reasoning" : "text" }),
    );
    const thought = await detailOf({
      ...REFERENCE,
      tape: reasoning,
      attributes: { "llm.time_to_first_answer_token_seconds": 2 },
    });
    expect(thought.verdict).toEqual([{ id: "reasoning", params: { seconds: 1.5 } }]);
    const fast = steadyTape({ firstMicros: 0, gapMicros: 10_000, count: 300 });
    const slow = steadyTape({ firstMicros: 3_020_000, gapMicros: 20_000, count: 300 });
    const pace = await detailOf({ ...REFERENCE, tape: [...fast, ...slow] });
    expect(pace.verdict[0]?.id).toBe("pace_change");
    expect(pace.verdict[0]?.params["token"]).toBeGreaterThan(280);
    expect(pace.verdict[0]?.params["token"]).toBeLessThan(320);
    const burst = [
      ...steadyTape({ firstMicros: 0, gapMicros: 20_000, count: 20 }),
      { atMicros: 2_000_000, kind: "text" as const, tokens: 40 },
    ];
    expect((await detailOf({ ...REFERENCE, tape: burst })).verdict.map(({ id }) => id)).toEqual(["stalls", "burst"]);
  });

  it("keeps unknown absent for a call that did not stream", async () => {
    const detail = await detailOf({ startMs: T0, streaming: false, durationSeconds: 2 });
    expect(detail.marks).toEqual({});
    expect(detail.split).toEqual([{ part: "undivided", seconds: 2 }]);
    for (const key of ["gaps", "pauses", "steadyRateTokensPerSecond", "ranks"]) expect(detail).not.toHaveProperty(key);
    expect(detail.hasStream).toBe(false);
  });

  it("ranks a call among 20 or more of its model and input size within a day, and not before", async () => {
    const peers = (count: number): CallSpec[] =>
      Array.from({ length: count }, (_, index) => ({
        startMs: T0 + index,
        durationSeconds: 1 + index,
        ttftSeconds: 0.1,
        inputTokens: 100,
      }));
    const others: CallSpec[] = [
      { startMs: T0, durationSeconds: 0.5, inputTokens: 100, model: "other" },
      { startMs: T0, durationSeconds: 0.5, inputTokens: 300 },
      { startMs: T0 - 3 * 86_400_000, durationSeconds: 0.5, inputTokens: 100 },
    ];
    const few = createMemoryStore();
    await storeCalls(few, [...peers(19), ...others]);
    expect(await requestDetail(few, idOf(18), thresholds)).not.toHaveProperty("ranks");
    const enough = createMemoryStore();
    await storeCalls(enough, [...peers(20), ...others]);
    const { ranks, verdict } = await requestDetail(enough, idOf(19), thresholds);
    expect(ranks).toEqual({ n: 20, duration: 1, ttft: 1 });
    expect(verdict.map(({ id }) => id)).toContain("rank_duration");
    // The first one ended before most of the others began to exist; its day still holds them all but counts the slower.
    expect((await requestDetail(enough, idOf(9), thresholds)).ranks?.duration).toBe(0.5);
  });

  it("shows the whole trace by start, open spans included", async () => {
    const store = createMemoryStore();
    const { durationNanos: _open, ...root } = callSpan(1, {
      startMs: T0 - 10,
      ids: { traceId: idsOf(0).traceId, spanId: "c".repeat(16) },
    });
    const child = callSpan(0, { startMs: T0, ids: { ...idsOf(0), parentSpanId: "c".repeat(16) } });
    await store.write({ spans: [child, { ...root, name: "POST /chat", kind: "server", attributes: new Map() }] });
    const { trace } = await requestDetail(store, idOf(0), thresholds);
    expect(trace.map(({ name, parentSpanId, kind }) => ({ name, parentSpanId, kind }))).toEqual([
      { name: "POST /chat", parentSpanId: undefined, kind: "server" },
      { name: "chat gpt-4o", parentSpanId: "c".repeat(16), kind: "client" },
    ]);
  });

  it("answers NOT_FOUND for an unknown id, a malformed one, a span that is no call, and a call without a tape", async () => {
    const store = createMemoryStore();
    await storeCalls(store, [{ startMs: T0 }]);
    for (const id of [idOf(5), "x", `${idsOf(0).traceId}-${idsOf(5).spanId}`, "../../etc"]) {
      await expect(requestDetail(store, id, thresholds)).rejects.toMatchObject({ code: "NOT_FOUND" });
    }
    await expect(requestStream(store, idOf(0))).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});

describe("stream view", () => {
  it("gives the golden columns of the reference schedule", async () => {
    const stream = await streamOf(REFERENCE);
    expect(stream.dtUs[0]).toBe(500_000);
    expect(stream.dtUs.slice(1).every((dt) => Math.abs(dt - 20_000) <= 16)).toBe(true);
    expect(stream).toMatchObject({
      axis: "exact",
      k: Array(20).fill(1),
      kinds: [["text", 20]],
      firstsUs: { token: 500_000 },
      lastUs: 880_000,
      endUs: 1_180_000,
      merged: false,
      stalls: [],
      rule: { minUs: 250_000, factor: 8, thresholdUs: 250_000 },
    });
  });

  it("estimates tokens when only the total is known, and counts chunks when nothing is", async () => {
    const unknown = steadyTape({ firstMicros: 500_000, gapMicros: 20_000, count: 4 }).map(({ atMicros, kind }) => ({
      atMicros,
      kind,
    }));
    expect(await streamOf({ ...REFERENCE, tape: unknown })).toMatchObject({ axis: "estimated", k: [5, 5, 5, 5] });
    const { outputTokens: _none, ...noTotal } = REFERENCE;
    const chunks = await streamOf({ ...noTotal, tape: unknown });
    expect(chunks.axis).toBe("chunks");
    expect(chunks).not.toHaveProperty("k");
    const own = await streamOf({ ...REFERENCE, attributes: { "llm.token_source": "estimate" } });
    expect(own.axis).toBe("estimated");
  });

  it("marks stalls of the measurement contract as long, and tool waits as no stall", async () => {
    const times = [500, 520, 540, 560, 580, 600, 620, 640, 660, 680, 3_000, 3_020, 3_400, 3_420, 4_000];
    const tape = times.map((ms, index) => ({
      atMicros: ms * 1_000,
      kind: index === 13 ? ("tool" as const) : ("text" as const),
      tokens: 1,
    }));
    const { stalls, kinds } = await streamOf({ ...REFERENCE, tape });
    expect(stalls.map(({ index, kind, long }) => ({ index, kind, long }))).toEqual([
      { index: 10, kind: "stall", long: true },
      { index: 12, kind: "stall", long: false },
      { index: 14, kind: "toolWait", long: false },
    ]);
    expect(kinds).toEqual([
      ["text", 13],
      ["tool", 1],
      ["text", 1],
    ]);
  });

  it("serves a tape that cannot be read as no stream at all", async () => {
    const { tape: _tape, ...plain } = REFERENCE;
    const future = Buffer.from(encodeTokenTape(REFERENCE.tape ?? []), "base64");
    future[0] = 99;
    const detail = await detailOf({ ...plain, attributes: { "llm.token_tape": future.toString("base64") } });
    expect(detail.hasStream).toBe(false);
  });
});

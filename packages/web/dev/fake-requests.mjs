// Made-up requests of a day, with the shapes that the pages must show.
import { encodeFingerprint } from "@nexent/monitor-core";
import { fakeStream, pausesOf, randomFrom } from "./fake-stream.mjs";

export const MODELS = [
  { name: "gpt-4o", provider: "azure", rate: 72, ttft: 420, share: 0.3, chunk: 1.2 },
  { name: "qwen3-235b-thinking", provider: "self-host", rate: 58, ttft: 900, share: 0.24, chunk: 2.4, reasoning: true },
  { name: "claude-sonnet-4.5", provider: "anthropic", rate: 64, ttft: 780, share: 0.2, chunk: 2 },
  { name: "deepseek-v3.2", provider: "deepseek", rate: 34, ttft: 1300, share: 0.12, chunk: 1.6 },
  { name: "gpt-4o-mini", provider: "azure", rate: 118, ttft: 260, share: 0.1, chunk: 1.5 },
  {
    name: "llama-3.3-70b-instruct-fp8-with-a-very-long-name",
    provider: "vllm",
    rate: 27,
    ttft: 310,
    share: 0.03,
    chunk: 1,
  },
  { name: "glm-4.6", provider: "zhipu", rate: 45, ttft: 640, share: 0.01, chunk: 1.3 },
];
const OPERATIONS = ["chat_completion", "chat_completion", "chat_completion", "summarize", "agent_step"];

const hex = (random, length) => Array.from({ length }, () => Math.floor(random() * 16).toString(16)).join("");

/** The stream of the picture: 4,000 tokens, reasoning, a tool call, stalls, a slower end, a burst. */
const SHOWCASE = {
  ttftMs: 1240,
  tokens: 4000,
  reasoning: 1160,
  tool: 78,
  toolWaitMs: 3120,
  rate: 66,
  chunk: 2.4,
  slowFrom: 3000,
  burst: 128,
  tailMs: 110,
  stalls: [
    { at: 640, ms: 2630 },
    { at: 2150, ms: 928 },
    { at: 2810, ms: 1810 },
    { at: 3440, ms: 666 },
  ],
};

function planOf(model, random) {
  const tokens = Math.round(Math.min(4000, 60 + Math.exp(5 + 0.9 * (random() + random() + random() - 1))));
  const stalls = random() < 0.1 ? [{ at: tokens * (0.3 + random() * 0.4), ms: 400 + random() * 2600 }] : [];
  return {
    ttftMs: model.ttft * Math.exp((random() + random() - 1) * 0.9),
    tokens,
    reasoning: model.reasoning ? Math.round(tokens * (0.2 + random() * 0.3)) : 0,
    tool: random() < 0.07 ? 24 : 0,
    toolWaitMs: 900,
    rate: model.rate * Math.exp((random() + random() - 1) * 0.35),
    chunk: model.chunk,
    stalls,
    tailMs: 20 + random() * 60,
  };
}

/** One request: its row, and its stream where it has one. */
export function makeRequest(seed, startMs, force) {
  const random = randomFrom(seed);
  const pick = random();
  let sum = 0;
  const model = force?.model ?? MODELS.find((candidate) => (sum += candidate.share) >= pick) ?? MODELS[0];
  const fate = force === undefined ? random() : 0.5;
  const plan = force?.plan ?? planOf(model, random);
  const base = {
    id: "",
    traceId: hex(random, 32),
    spanId: hex(random, 16),
    startMs,
    service: random() < 0.7 ? "assistant-api" : "agent-runner",
    model: model.name,
    operation: force?.operation ?? OPERATIONS[Math.floor(random() * OPERATIONS.length)],
    provider: model.provider,
    inputTokens: force?.inputTokens ?? Math.round(Math.exp(5 + random() * 4)),
  };
  base.id = `${base.traceId}-${base.spanId}`;
  if (fate < 0.012) {
    const errorType = ["rate_limited", "timeout", "overloaded"][Math.floor(random() * 3)];
    return { row: { ...base, outcome: "error", errorType, streaming: true, durationSeconds: 0.2 + random() * 30 } };
  }
  if (fate < 0.035) {
    return {
      row: {
        ...base,
        outcome: "ok",
        finishReason: "stop",
        streaming: false,
        durationSeconds: 2 + random() * 8,
        outputTokens: plan.tokens,
        endToEndRateTokensPerSecond: plan.tokens / 5,
      },
    };
  }
  const stream = fakeStream(plan, seed + 17);
  const { pauses } = pausesOf(stream);
  const tokens = stream.k.reduce((total, size) => total + size, 0);
  const first = stream.atUs[0] / 1e6;
  const last = stream.atUs.at(-1) / 1e6;
  const answer = stream.kinds.indexOf("text");
  const cancelled = fate > 0.985;
  const stalls = pauses.filter((pause) => pause.kind === "stall").length;
  const durationSeconds = stream.endUs / 1e6;
  const row = {
    ...base,
    outcome: cancelled ? "cancelled" : "ok",
    ...(cancelled ? {} : { finishReason: plan.tool > 0 && answer < 0 ? "tool_calls" : "stop" }),
    streaming: true,
    ...(model.provider === "vllm" ? { estimated: true } : {}),
    ...(durationSeconds > 5 ? { slow: true } : {}),
    durationSeconds,
    ttftSeconds: first,
    ...(answer < 0 ? {} : { firstAnswerTokenSeconds: stream.atUs[answer] / 1e6 }),
    generationRateTokensPerSecond: (tokens - stream.k[0]) / (last - first),
    endToEndRateTokensPerSecond: tokens / durationSeconds,
    outputTokens: tokens,
    stallCount: stalls,
    fingerprint: encodeFingerprint({
      entries: stream.atUs.map((us, index) => ({ atMicros: us, tokens: stream.k[index], kind: stream.kinds[index] })),
      pauses: pauses.map((pause) => ({
        index: pause.index,
        fromMicros: pause.fromUs,
        toMicros: pause.toUs,
        lostMicros: pause.lostUs,
        kind: pause.kind === "stall" ? "pause" : "toolWait",
      })),
      durationMicros: stream.endUs,
    }),
  };
  return { row, stream };
}

/** The showcase request of the picture. */
export function makeShowcase(startMs) {
  return makeRequest(4711, startMs, {
    model: MODELS[1],
    plan: SHOWCASE,
    operation: "chat_completion",
    inputTokens: 12_384,
  });
}

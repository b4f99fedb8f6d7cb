import { seededRandom } from "../seeded-random.ts";
import { TRAFFIC_SHAPES } from "./azure-trace.ts";
import { DEMO_MODELS, type DemoModel } from "./models.ts";
import { meanOfQuantiles, valueAtQuantile } from "./quantile.ts";

/** One call to make. */
export interface PlannedCall {
  /** Milliseconds after the start of the demo. */
  readonly atMs: number;
  readonly model: string;
  /** The request body; `exact` in it is the schedule of the answer. */
  readonly body: Readonly<Record<string, unknown>>;
  /** The client leaves after this long; `undefined` = it reads to the end. */
  readonly abortAfterMs: number | undefined;
}

/** A stretch of the demo in which one model is slow on purpose, for the eye to find. Milliseconds after the start. */
interface SlowEpisode {
  readonly model: string;
  readonly fromMs: number;
  readonly toMs: number;
}

/** All calls of a demo, by time. */
export interface DemoPlan {
  readonly calls: readonly PlannedCall[];
  readonly slowEpisode: SlowEpisode;
}

export interface DemoPlanOptions {
  readonly minutes: number;
  /** Mean calls per second over all models. */
  readonly ratePerSecond: number;
  /** The same seed gives the same calls. */
  readonly seed: number;
}

/** Longer answers are cut to this, so that a demo of minutes ends in minutes. */
export const MAX_OUTPUT_TOKENS = 400;
const SLOW_TTFT_FACTOR = 3;
const SLOW_GAP_FACTOR = 1.8;

/** Plans the calls: arrivals and lengths as in production traffic, endings as in production trouble. */
export function planDemo(options: DemoPlanOptions): DemoPlan {
  const random = seededRandom(options.seed);
  const lengthMs = options.minutes * 60_000;
  const slowEpisode: SlowEpisode = { model: "demo-balanced", fromMs: lengthMs * 0.55, toMs: lengthMs * 0.75 };
  const calls = (["conversation", "code"] as const).flatMap((traffic) => {
    const models = DEMO_MODELS.filter((model) => model.traffic === traffic);
    const share = totalWeight(models) / totalWeight(DEMO_MODELS);
    const arrivals = arrivalsOf(TRAFFIC_SHAPES[traffic].gap, options.ratePerSecond * share, lengthMs, random);
    return arrivals.map((atMs) => planCall(pickModel(models, random()), atMs, slowEpisode, random));
  });
  return { calls: calls.sort((a, b) => a.atMs - b.atMs), slowEpisode };
}

function arrivalsOf(
  gaps: readonly number[],
  ratePerSecond: number,
  lengthMs: number,
  random: () => number,
): readonly number[] {
  const unitMs = 1000 / ratePerSecond / meanOfQuantiles(gaps);
  const arrivals: number[] = [];
  // The first gap starts somewhere in the middle of one, as if we had just begun to watch.
  let atMs = valueAtQuantile(gaps, random()) * unitMs * random();
  while (atMs < lengthMs) {
    arrivals.push(atMs);
    atMs += valueAtQuantile(gaps, random()) * unitMs;
  }
  return arrivals;
}

function planCall(model: DemoModel, atMs: number, slow: SlowEpisode, random: () => number): PlannedCall {
  const shape = TRAFFIC_SHAPES[model.traffic];
  const inputTokens = Math.round(valueAtQuantile(shape.inputTokens, random()));
  const wanted = Math.max(1, Math.round(valueAtQuantile(shape.outputTokens, random())));
  const reasoningTokens = Math.min(MAX_OUTPUT_TOKENS / 2, Math.round(wanted * model.reasoningRatio * (0.5 + random())));
  const tokens = Math.min(MAX_OUTPUT_TOKENS, wanted + reasoningTokens);
  const isSlow = model.name === slow.model && atMs >= slow.fromMs && atMs < slow.toMs;
  const queueing = Math.exp(0.3 * gaussian(random));
  const ttftMs = Math.round(
    (model.baseTtftMs + inputTokens * model.ttftMsPerInputToken) * queueing * (isSlow ? SLOW_TTFT_FACTOR : 1),
  );
  const gapMs = Math.round(model.gapMs * (isSlow ? SLOW_GAP_FACTOR : 1) * (0.9 + 0.2 * random()) * 10) / 10;
  const exact = {
    ttftMs,
    roleMs: Math.round(ttftMs * 0.8),
    tokens,
    gapMs,
    jitter: model.jitter,
    tokensPerChunk: model.tokensPerChunk,
    reasoningTokens,
    inputTokens,
    finishMs: gapMs,
    seed: Math.floor(random() * 0xffffffff),
    ...stallOf(model, tokens, random),
    ...endingOf(model, tokens, random),
  };
  return {
    atMs,
    model: model.name,
    body: {
      model: model.name,
      stream: random() >= 0.06,
      messages: [{ role: "user", content: `A demo request of the ${model.traffic} kind.` }],
      ...(random() < 0.3 ? { stream_options: { include_usage: true } } : {}),
      exact,
    },
    abortAfterMs: random() < 0.05 ? Math.round((ttftMs + tokens * gapMs) * (0.1 + 0.8 * random())) : undefined,
  };
}

function stallOf(model: DemoModel, tokens: number, random: () => number): Readonly<Record<string, unknown>> {
  if (random() >= model.stalls || tokens < 12) return {};
  const afterToken = 10 + Math.floor(random() * (tokens - 11));
  return { stalls: [{ afterToken, ms: Math.round(2_200 + 3_000 * random()) }] };
}

function endingOf(model: DemoModel, tokens: number, random: () => number): Readonly<Record<string, unknown>> {
  const { rateLimited, serverError, drop, errorEvent } = model.faults;
  let draw = random();
  const happens = (share: number): boolean => {
    draw -= share;
    return draw < 0;
  };
  if (happens(rateLimited)) return { status: 429, ttftMs: 40 };
  if (happens(serverError)) return { status: random() < 0.5 ? 500 : 503 };
  if (happens(drop)) return { dropAfterTokens: Math.floor(tokens * random()) };
  if (happens(errorEvent)) return { errorAfterTokens: Math.floor(tokens * random()) };
  if (happens(0.08)) return { toolCall: true };
  if (happens(0.04)) return { finishReason: "length" };
  return {};
}

function pickModel(models: readonly DemoModel[], u: number): DemoModel {
  let rest = u * totalWeight(models);
  const picked = models.find((model) => {
    rest -= model.weight;
    return rest < 0;
  });
  const chosen = picked ?? models.at(-1);
  if (chosen === undefined) throw new RangeError("no model to pick from");
  return chosen;
}

function totalWeight(models: readonly DemoModel[]): number {
  return models.reduce((sum, model) => sum + model.weight, 0);
}

/** Standard normal, by Box and Muller. */
function gaussian(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

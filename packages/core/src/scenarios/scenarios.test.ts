import { describe, expect, it } from "vitest";
import { errorTypeOfStatus } from "../model/outcome.ts";
import { providerByFormat } from "../providers/index.ts";
import { createTokenClock } from "../token-clock.ts";
import { SCENARIOS, type Scenario, type ScenarioTruth } from "./index.ts";

const encoder = new TextEncoder();
const MICROS = 1_000_000;

interface Played {
  readonly endMicros: number | undefined;
  readonly left: boolean;
}

/** Plays a scenario on a fake clock: each write arrives exactly at its time. */
function play(scenario: Scenario): Partial<ScenarioTruth> {
  const provider = providerByFormat(scenario.format);
  if (provider === undefined) throw new Error(`no provider for ${scenario.format}`);
  const clock = createTokenClock();
  const parser = provider.createStreamParser();
  const isStream = scenario.headers["content-type"]?.startsWith("text/event-stream") === true;
  const { endMicros, left } = isStream ? playStream(scenario, clock, parser) : playBody(scenario, clock);
  const outcome = outcomeOf(scenario, clock, isStream, left);
  const abandoned = outcome.outcome === "abandoned";
  const timings = clock.finish({
    outcome: outcome.outcome,
    streaming: isStream,
    ...(abandoned ? {} : { endMicros: endMicros ?? 0 }),
  });
  const seconds = (micros: number | undefined): number | undefined =>
    micros === undefined ? undefined : micros / MICROS;
  return {
    ...outcome,
    ...defined("firstChunkSeconds", seconds(timings.firstChunkMicros)),
    ...defined("ttftSeconds", seconds(timings.firstTokenMicros)),
    ...defined("firstAnswerTokenSeconds", seconds(timings.firstAnswerTokenMicros)),
    ...defined("firstToolCallSeconds", seconds(timings.firstToolCallMicros)),
    ...defined("generationRateTokensPerSecond", timings.generationRateTokensPerSecond),
    ...defined("durationSeconds", scenario.client.kind === "read" ? seconds(timings.endMicros) : undefined),
    ...defined("inputTokens", timings.usage?.inputTokens),
    ...defined("outputTokens", timings.outputTokens),
    estimated: timings.estimated,
    stallCount: timings.stalls.length,
  };
}

function defined<K extends string>(key: K, value: number | undefined): Partial<Record<K, number>> {
  return value === undefined ? {} : ({ [key]: value } as Record<K, number>);
}

function playStream(
  scenario: Scenario,
  clock: ReturnType<typeof createTokenClock>,
  parser: { push: Function; end: Function },
): Played {
  const { client } = scenario;
  if (client.kind === "never_read") return { endMicros: undefined, left: false };
  let counted = 0;
  for (const write of scenario.writes) {
    const atMicros = write.atMs * 1000;
    if (client.kind === "abort" && write.atMs >= client.atMs) return { endMicros: client.atMs * 1000, left: true };
    clock.markFirstByte(atMicros);
    let done = false;
    parser.push(encoder.encode(write.text), (event: Parameters<typeof clock.record>[0]) => {
      if (event.type === "done" || event.type === "error") done = true;
      clock.record(event, atMicros);
      counted += event.kinds === 0 ? 0 : 1;
    });
    if (client.kind === "break" && counted >= client.afterCountedChunks) return { endMicros: atMicros, left: true };
    if (done && clock.fault !== undefined) return { endMicros: atMicros, left: false };
  }
  if (client.kind === "abort") return { endMicros: client.atMs * 1000, left: true };
  return { endMicros: scenario.end.kind === "hang" ? undefined : scenario.end.atMs * 1000, left: false };
}

function playBody(scenario: Scenario, clock: ReturnType<typeof createTokenClock>): Played {
  const text = scenario.writes.map((write) => write.text).join("");
  const reading = providerByFormat(scenario.format)?.readResponse(JSON.parse(text));
  if (reading?.usage !== undefined) clock.recordUsage(reading.usage);
  return { endMicros: scenario.end.kind === "hang" ? undefined : scenario.end.atMs * 1000, left: false };
}

function outcomeOf(
  scenario: Scenario,
  clock: ReturnType<typeof createTokenClock>,
  isStream: boolean,
  left: boolean,
): Pick<ScenarioTruth, "outcome" | "errorType"> {
  if (scenario.status >= 400) return { outcome: "error", errorType: errorTypeOfStatus(scenario.status) };
  if (scenario.client.kind === "never_read") return { outcome: "abandoned" };
  if (left) return { outcome: "cancelled" };
  if (clock.fault !== undefined) return { outcome: "error", errorType: clock.fault.errorType };
  return !isStream || clock.sawNormalEnd ? { outcome: "ok" } : { outcome: "error", errorType: "stream_interrupted" };
}

/** Truth with rates rounded, so that 18 / 0.27 compares. */
function comparable(truth: Partial<ScenarioTruth>): Partial<ScenarioTruth> {
  const rate = truth.generationRateTokensPerSecond;
  return rate === undefined ? truth : { ...truth, generationRateTokensPerSecond: Number(rate.toFixed(6)) };
}

describe("the scenario set", () => {
  it("has unique kebab-case names", () => {
    const names = SCENARIOS.map((scenario) => scenario.name);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
  });

  it.each(SCENARIOS.map((scenario) => [scenario.name, scenario] as const))(
    "%s: parser and clock give the right answer",
    (_, scenario) => {
      const measured = play(scenario);
      // A truth without a duration leaves it open: the client's leaving or an error event decides it.
      const { durationSeconds, ...rest } = measured;
      expect(scenario.truth.durationSeconds === undefined || durationSeconds !== undefined).toBe(true);
      expect(comparable(scenario.truth.durationSeconds === undefined ? rest : measured)).toEqual(
        comparable(scenario.truth),
      );
    },
  );

  it("notices a wrong truth", () => {
    const scenario = SCENARIOS[0];
    if (scenario === undefined) throw new Error("no scenario");
    expect(comparable(play(scenario))).not.toEqual(comparable({ ...scenario.truth, ttftSeconds: 0.4 }));
  });
});

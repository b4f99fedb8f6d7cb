import { errorTypeOfStatus } from "../model/outcome.ts";
import { providerByFormat } from "../providers/index.ts";
import type { Provider, StreamEvent } from "../providers/provider.ts";
import { createTokenClock, type TokenClock } from "../token-clock.ts";
import { answersWithStream, type Scenario, type ScenarioTruth } from "./scenario.ts";

/** What an observer that sees every byte exactly on time records of a scenario. */
type Measured = ScenarioTruth;

type Ending = Pick<ScenarioTruth, "outcome" | "errorType"> & { readonly endMicros?: number };

const encoder = new TextEncoder();
const micros = (ms: number): number => Math.round(ms * 1000);

/** Plays a scenario on a fake clock through parser and token clock. No time passes. */
export function playScenario(scenario: Scenario): Measured {
  const provider = providerByFormat(scenario.format);
  if (provider === undefined) throw new Error(`no provider for ${scenario.format}`);
  const clock = createTokenClock();
  const streaming = answersWithStream(scenario);
  const ending = streaming ? playStream(scenario, provider, clock) : playBody(scenario, provider, clock);
  return measured(clock, ending, streaming);
}

function measured(clock: TokenClock, { outcome, errorType, endMicros }: Ending, streaming: boolean): Measured {
  const timings = clock.finish({ outcome, streaming, ...(endMicros === undefined ? {} : { endMicros }) });
  const seconds = (mark: number | undefined): number | undefined => (mark === undefined ? undefined : mark / 1e6);
  const all = {
    outcome,
    errorType,
    firstChunkSeconds: seconds(timings.firstChunkMicros),
    ttftSeconds: seconds(timings.firstTokenMicros),
    firstAnswerTokenSeconds: seconds(timings.firstAnswerTokenMicros),
    firstToolCallSeconds: seconds(timings.firstToolCallMicros),
    generationRateTokensPerSecond: timings.generationRateTokensPerSecond,
    durationSeconds: seconds(timings.endMicros),
    inputTokens: timings.usage?.inputTokens,
    outputTokens: timings.outputTokens,
    estimated: timings.estimated,
    stallCount: timings.stalls.length,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as unknown as Measured;
}

function playStream(scenario: Scenario, provider: Provider, clock: TokenClock): Ending {
  const { client, writes, end } = scenario;
  // Nobody reads: an observer that is pulled by its reader sees nothing either.
  if (client.kind === "never_read") return { outcome: "abandoned" };
  const parser = provider.createStreamParser();
  const leavesAtMs = client.kind === "abort" ? client.atMs : Number.POSITIVE_INFINITY;
  let countedChunks = 0;
  let terminal: number | undefined;
  const sinkAt = (atMs: number) => (event: StreamEvent) => {
    clock.record(event, micros(atMs));
    if (event.type === "chunk" && event.kinds !== 0) countedChunks += 1;
    if (event.type === "done" || event.type === "error") terminal ??= micros(atMs);
  };
  for (const { atMs, text } of writes) {
    if (atMs >= leavesAtMs) break;
    clock.markFirstByte(micros(atMs));
    parser.push(encoder.encode(text), sinkAt(atMs));
    if (client.kind === "break" && countedChunks >= client.afterCountedChunks) {
      return { outcome: "cancelled", endMicros: micros(atMs) };
    }
  }
  if (client.kind === "abort") return { outcome: "cancelled", endMicros: micros(leavesAtMs) };
  if (end.kind === "end") parser.end(sinkAt(end.atMs));
  const endMicros = terminal ?? (end.kind === "hang" ? undefined : micros(end.atMs));
  return { ...judged(clock), ...(endMicros === undefined ? {} : { endMicros }) };
}

/** First cause wins: an error event, then the normal end, and everything else was cut. */
function judged(clock: TokenClock): Pick<ScenarioTruth, "outcome" | "errorType"> {
  if (clock.fault !== undefined) return { outcome: "error", errorType: clock.fault.errorType };
  return clock.sawNormalEnd ? { outcome: "ok" } : { outcome: "error", errorType: "stream_interrupted" };
}

function playBody({ writes, end, status }: Scenario, provider: Provider, clock: TokenClock): Ending {
  const endMicros = end.kind === "hang" ? {} : { endMicros: micros(end.atMs) };
  const reading = provider.readResponse(JSON.parse(writes.map(({ text }) => text).join("")));
  if (reading === undefined) return { outcome: "error", errorType: "protocol", ...endMicros };
  if (status >= 400) {
    const quota = status === 429 && reading.fault?.errorType === "quota";
    return { outcome: "error", errorType: quota ? "quota" : errorTypeOfStatus(status), ...endMicros };
  }
  if (reading.usage !== undefined) clock.recordUsage(reading.usage);
  return { outcome: "ok", ...endMicros };
}

import type { Message, RequestDetail, VerdictId } from "@nexent/monitor-api";
import { ATTR, type AttributeMap, type TapeEntry } from "@nexent/monitor-core";
import type { CallRow } from "@nexent/monitor-store";
import { paceChangeOf } from "./pace.ts";
import type { StreamTape } from "./stream-tape.ts";
import { lostMicros } from "./stream-tape.ts";
import type { Thresholds } from "./summary.ts";

/** What a verdict looks at. */
export interface VerdictSource {
  readonly call: CallRow;
  readonly attributes: AttributeMap;
  readonly tape: StreamTape | undefined;
  readonly ranks: RequestDetail["ranks"];
  readonly thresholds: Thresholds;
}

/** Slower than this share of its peers is worth a sentence. */
const NOTABLE_RANK = 0.95;
const NOTABLE_REASONING_SECONDS = 1;
const BURST_TOKENS = 32;
const BURST_MICROS = 50_000;

type Params = Message["params"];

/** What stands out about one call, most important first; empty when nothing does. Ids and numbers only, no prose. */
export function verdictOf(source: VerdictSource): Message[] {
  const messages: Message[] = [];
  const say = (id: VerdictId, params: Params): void => void messages.push({ id, params });
  sayOutcome(source, say);
  saySlow(source, say);
  sayRanks(source, say);
  sayStream(source, say);
  const lag = source.attributes.get(ATTR.llmClockLagMaxSeconds);
  if (source.call.llm.clockTainted === true && typeof lag === "number") say("clock_tainted", { lagSeconds: lag });
  return messages;
}

type Say = (id: VerdictId, params: Params) => void;

function sayOutcome({ call, tape }: VerdictSource, say: Say): void {
  const { llm, durationSeconds } = call;
  if (llm.outcome === "error") say("error", { errorType: llm.errorType ?? "unknown" });
  if (llm.outcome === "cancelled" || llm.outcome === "abandoned") say(llm.outcome, {});
  if (llm.outcome === "error" && tape !== undefined) {
    const seconds = (tape.entries.at(-1)?.atMicros ?? 0) / 1e6;
    say("broke_after", { seconds, chunks: tape.entries.length });
  }
  if (llm.streaming === true && llm.ttftSeconds === undefined && tape === undefined)
    say("no_token", { durationSeconds });
}

function saySlow({ call, thresholds }: VerdictSource, say: Say): void {
  if (call.durationSeconds > thresholds.slowRequestSeconds) {
    say("slow", { durationSeconds: call.durationSeconds, thresholdSeconds: thresholds.slowRequestSeconds });
  }
  const rate = call.llm.generationRateTokensPerSecond;
  if (rate !== undefined && rate < thresholds.slowTokenRate) {
    say("slow_speed", { rateTokensPerSecond: rate, thresholdTokensPerSecond: thresholds.slowTokenRate });
  }
}

function sayRanks({ ranks }: VerdictSource, say: Say): void {
  if (ranks === undefined) return;
  if ((ranks.duration ?? 0) >= NOTABLE_RANK) say("rank_duration", { rank: ranks.duration ?? 0, n: ranks.n });
  if ((ranks.ttft ?? 0) >= NOTABLE_RANK) say("rank_ttft", { rank: ranks.ttft ?? 0, n: ranks.n });
}

function sayStream({ call, tape }: VerdictSource, say: Say): void {
  const { ttftSeconds, firstAnswerTokenSeconds } = call.llm;
  const reasoning = (firstAnswerTokenSeconds ?? 0) - (ttftSeconds ?? 0);
  const reasoned = tape?.entries[0]?.kind === "reasoning";
  if (reasoned && ttftSeconds !== undefined && reasoning >= NOTABLE_REASONING_SECONDS)
    say("reasoning", { seconds: reasoning });
  if (tape === undefined) return;
  const stalls = tape.report.pauses.filter(({ kind }) => kind === "pause").length;
  const lostSeconds = lostMicros(tape.report, "pause") / 1e6;
  if (stalls > 0)
    say("stalls", { count: stalls, lostSeconds, share: lostSeconds / Math.max(call.durationSeconds, 1e-9) });
  const waits = tape.report.pauses.length - stalls;
  if (waits > 0) say("tool_wait", { count: waits, seconds: lostMicros(tape.report, "toolWait") / 1e6 });
  const pace = tape.merged ? undefined : paceChangeOf(tape.entries);
  if (pace !== undefined) say("pace_change", { ...pace });
  const bursts = burstsOf(tape);
  if (bursts.count > 0) say("burst", bursts);
}

/** Runs of 32 or more tokens within 50 ms, after a pause or at the end of the stream. */
function burstsOf({ entries, report }: StreamTape): { readonly count: number; readonly tokens: number } {
  const starts = report.pauses.filter(({ kind }) => kind === "pause").map(({ index }) => index);
  let count = 0;
  let tokens = 0;
  for (const start of starts) {
    const found = tokensWithin(entries, start);
    if (found < BURST_TOKENS) continue;
    count++;
    tokens += found;
  }
  return { count, tokens };
}

function tokensWithin(entries: readonly TapeEntry[], start: number): number {
  const from = entries[start]?.atMicros ?? 0;
  let tokens = 0;
  for (let at = start; at < entries.length; at++) {
    const entry = entries[at];
    if (entry === undefined || entry.atMicros - from > BURST_MICROS) break;
    // A chunk of unknown size is one token at least.
    tokens += entry.tokens ?? 1;
  }
  return tokens;
}

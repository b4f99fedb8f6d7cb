/** A recording while its call runs: marks, attempts, and the end. */
import {
  createTokenClock,
  METRICS,
  type CountedText,
  type LiveStall,
  type TokenClock,
  type TokenTimings,
} from "@nexent/monitor-core";
import type { AnswerText, TextKeeper } from "./answer-text.ts";
import type { BackendSpan } from "../backend/backend.ts";
import { openContent, type CallContent } from "./call-content.ts";
import { startCallSpan } from "./call-span.ts";
import { CallState, type RecorderShared } from "./call-state.ts";
import type { OpenCall, OpenCalls } from "./open-calls.ts";
import type { CallChange, CallEnd, LlmCall, RecorderSettings, Recording, StartOptions } from "./recording.ts";
import { delegatedAttributes } from "./span-attributes.ts";
import { tellCall, tellLostAttempt, type CallOutcome } from "./tell-call.ts";
import type { CountingJob, TextCounting } from "./text-counting.ts";
import type { Tokenizer } from "../config/tokenizer.ts";

/** What open recordings of one recorder share beside what telling them needs. */
export interface OpenShared extends RecorderShared {
  readonly open: OpenCalls<OpenRecording>;
  readonly texts: TextKeeper;
  readonly counting: TextCounting;
}

/** An answer whose tokens nobody has counted yet. */
type Uncounted = Pick<CountingJob, "text" | "tokenizer">;

/** Whether a change says anything new of a call; most say what its start has said. */
function saysMore(call: LlmCall, change: CallChange): boolean {
  return (
    (change.streaming ?? call.streaming) !== call.streaming ||
    (change.clockSource ?? call.clockSource) !== call.clockSource ||
    (change.serverAddress ?? call.serverAddress) !== call.serverAddress ||
    (change.serverPort ?? call.serverPort) !== call.serverPort ||
    (change.modelLabel ?? call.modelLabel) !== call.modelLabel
  );
}

function newClock(settings: RecorderSettings, tape: boolean): TokenClock {
  const { tokenTapeMaxBytes, estimateTokens, stallMinSeconds, stallFactor, stallFirstTokenSeconds } = settings;
  return createTokenClock({
    tapeMaxBytes: tokenTapeMaxBytes,
    estimateTokens,
    stallMinSeconds,
    stallFactor,
    stallFirstTokenSeconds,
    tape,
  });
}

export class OpenRecording implements Recording, OpenCall {
  readAtMs: number | undefined;
  place = -1;
  readonly #shared: OpenShared;
  readonly #state: CallState;
  readonly #tape: boolean;
  readonly #tokenizer: Tokenizer | undefined;
  readonly #onStall: StartOptions["onStall"];
  #text: AnswerText | undefined;
  #timings: TokenTimings | undefined;
  #countedSinceMicros = -1;
  #overheadMs = 0;

  constructor(shared: OpenShared, settings: RecorderSettings, call: LlmCall, options: StartOptions) {
    const beganMs = shared.nowMs();
    const startedAtMs = options.atMs ?? beganMs;
    // The wall clock is read once and only places the span; all marks are monotonic.
    const startUnixMicros = Math.round(shared.wallMs() * 1000 - (beganMs - startedAtMs) * 1000);
    const span = startCallSpan(shared.backend, call, startUnixMicros, options.parent);
    this.#shared = shared;
    this.#tokenizer = options.tokenizer ?? settings.tokenizer;
    this.#onStall = options.onStall;
    this.#text = this.#openText();
    // A tape that no span can carry is not collected.
    this.#tape = (options.tokenTape ?? settings.tokenTape) && span.recording;
    this.#state = new CallState(shared, settings, {
      call,
      span,
      clock: newClock(settings, this.#tape),
      content: openContent(settings.content, options.request, span),
      startedAtMs,
      startUnixMicros,
    });
    this.#overheadMs = shared.nowMs() - beganMs;
  }

  get span(): BackendSpan {
    return this.#state.span;
  }

  get clock(): TokenClock {
    return this.#state.clock;
  }

  get content(): CallContent | undefined {
    return this.#state.content;
  }

  get text(): AnswerText | undefined {
    const { content } = this.#state;
    return content === undefined ? this.#text : content.over(this.#text);
  }

  get requestAtMs(): number {
    return this.#state.requestAtMs;
  }

  get ended(): boolean {
    return this.#timings !== undefined;
  }

  get delegated(): boolean {
    return this.#state.delegated;
  }

  get phase(): "waiting" | "generating" {
    return this.#state.clock.phase;
  }

  get labels(): OpenCall["labels"] {
    return this.#state.labels;
  }

  micros(atMs: number): number {
    return this.#state.micros(atMs);
  }

  restart(atMs: number): void {
    this.#state.requestAtMs = atMs;
  }

  startAttempt(atMs: number): void {
    if (this.ended) return;
    const state = this.#state;
    if (state.attempt > 0) this.#loseAttempt(state.attemptFailure ?? { outcome: "error", errorType: "unknown", atMs });
    state.attempt += 1;
    state.attemptFailure = undefined;
    state.requestAtMs = atMs;
  }

  failAttempt(end: CallEnd): void {
    if (this.ended) return;
    this.#state.attemptFailure ??= { ...end, atMs: end.atMs ?? this.#shared.nowMs() };
  }

  markRead(atMs: number): void {
    this.readAtMs = atMs;
  }

  amend(change: CallChange): void {
    if (this.ended) return;
    const state = this.#state;
    if (change.attributes !== undefined) state.span.setAttributes(change.attributes);
    if (!saysMore(state.call, change)) return;
    const { attributes: _written, ...rest } = change;
    state.call = { ...state.call, ...rest };
  }

  delegate(): void {
    const state = this.#state;
    if (this.ended || state.delegated) return;
    state.delegated = true;
    this.#text?.drop();
    this.#shared.open.leave();
    state.span.setAttributes(delegatedAttributes());
  }

  liveStall(nowMs: number): LiveStall | undefined {
    const { call, clock } = this.#state;
    return call.streaming ? clock.liveStall(this.micros(nowMs)) : undefined;
  }

  stallRecognised(stall: LiveStall): void {
    if (stall.sinceMicros === this.#countedSinceMicros) return;
    this.#countedSinceMicros = stall.sinceMicros;
    this.#state.stallsCounted += 1;
    this.#shared.registry.counter(METRICS.llmStalls, { ...this.labels, phase: stall.phase }).add(1);
    this.#onStall?.(stall);
  }

  end(end: CallEnd): TokenTimings {
    if (this.#timings !== undefined) return this.#timings;
    const { nowMs, open, lag } = this.#shared;
    const beganMs = nowMs();
    const endMs = end.atMs ?? beganMs;
    // Whoever stops waiting for another attempt ends the call; the request itself had failed before.
    const request = end.outcome === "cancelled" ? (this.#state.attemptFailure ?? end) : end;
    const timings = this.#finish(request, request.atMs ?? endMs);
    this.#timings = timings;
    const lagSeconds = lag.longestSince(this.#state.startedAtMs);
    open.delete(this);
    const outcome: CallOutcome = { end, request, timings, endMs, lagSeconds };
    const uncounted = this.#uncountedText(end, timings);
    if (uncounted === undefined) this.#tell(outcome, beganMs);
    else this.#countThenTell(outcome, uncounted, beganMs);
    return timings;
  }

  /** With a tokenizer, an answer that came whole and without usage is counted before it is told. */
  #uncountedText(end: CallEnd, timings: TokenTimings): Uncounted | undefined {
    const tokenizer = this.#tokenizer;
    const text = this.#text;
    if (tokenizer === undefined || text === undefined) return undefined;
    if (text.complete && timings.usage?.outputTokens === undefined && end.outcome !== "abandoned") {
      return { text, tokenizer };
    }
    text.drop();
    return undefined;
  }

  #countThenTell(outcome: CallOutcome, uncounted: Uncounted, beganMs: number): void {
    const { nowMs, counting } = this.#shared;
    const { timings } = outcome;
    const { call, clock } = this.#state;
    this.#overheadMs += nowMs() - beganMs;
    const done = (counted?: CountedText): void => {
      this.#tell(counted === undefined ? outcome : { ...outcome, timings: clock.recount(counted) }, nowMs());
    };
    counting.add({ ...uncounted, outputBytes: timings.outputBytes, model: call.model, done });
  }

  /** @param beganMs since when it takes the host's time. */
  #tell(outcome: CallOutcome, beganMs: number): void {
    const { nowMs, registry } = this.#shared;
    tellCall(this.#state, outcome);
    this.#overheadMs += nowMs() - beganMs;
    this.#shared.overhead ??= registry.histogram(METRICS.nexentMonitorOverheadSeconds, {});
    this.#shared.overhead.observe(this.#overheadMs / 1000);
  }

  #openText(): AnswerText | undefined {
    return this.#tokenizer === undefined ? undefined : this.#shared.texts.open();
  }

  #finish({ outcome }: CallEnd, atMs: number): TokenTimings {
    const { call, clock } = this.#state;
    const { streaming } = call;
    if (outcome === "abandoned") return clock.finish({ outcome, streaming });
    return clock.finish({ outcome, streaming, endMicros: this.micros(atMs) });
  }

  #loseAttempt(failure: CallEnd): void {
    const state = this.#state;
    tellLostAttempt(state, failure, this.#finish(failure, failure.atMs ?? this.#shared.nowMs()));
    state.clock = newClock(state.settings, this.#tape);
    this.#text?.drop();
    this.#text = this.#openText();
    state.content?.restart();
    this.readAtMs = undefined;
    state.stallsCounted = 0;
    this.#countedSinceMicros = -1;
  }
}

/** The recording that was handed to a backend as owner; undefined when it is not one of ours, or is over. */
export function openRecordingOf(owner: object | undefined): Recording | undefined {
  return owner instanceof OpenRecording && !owner.ended ? owner : undefined;
}

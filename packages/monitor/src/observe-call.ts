import { joinCall, type CallSink } from "./recording/call-sink.ts";
import { followResult } from "./follow/follow-result.ts";
import type { AnswerReader, Followed } from "./follow/followed.ts";
import type { LlmCall, Recording } from "./recording/recording.ts";
import type { InnerCode, Runtime } from "./runtime.ts";
import type { Tokenizer } from "./config/tokenizer.ts";
import { UNKNOWN } from "./recording/span-attributes.ts";
import { endOfThrown } from "./recording/thrown-error.ts";

/** A call about to be made. */
export interface CallToObserve extends AnswerReader {
  readonly call: LlmCall;
  readonly tokenTape?: boolean;
  readonly tokenizer?: Tokenizer;
  /** The request as the client was given it; looked at only where content is captured. */
  readonly request?: unknown;
  /** When the request was sent, monotonic milliseconds; default now. */
  readonly atMs?: number;
  /** Whose code runs before the answer; default: the host's. */
  readonly inner?: InnerCode;
}

/** A call whose names are texts: whatever else a host without types gave is no name. */
function nameable(call: LlmCall): LlmCall {
  const { model, operation, provider } = call;
  if (typeof model === "string" && typeof operation === "string" && typeof provider === "string") return call;
  const name = (value: unknown): string => (typeof value === "string" ? value : UNKNOWN);
  return { ...call, model: name(model), operation: name(operation), provider: name(provider) };
}

/**
 * Opens a recording under whatever call is already observed around it; that outer one then keeps its span and leaves
 * the `llm_*` families to this one. Undefined when it cannot be opened: then the call simply goes unobserved.
 */
export function openRecording(runtime: Runtime, wanted: CallToObserve): Recording | undefined {
  try {
    const outer = runtime.current();
    const recording = runtime.recorder.start(nameable(wanted.call), wanted);
    outer?.delegate();
    return recording;
  } catch {
    // A hostile attribute, or a host provider that throws: the call itself must go on.
    return undefined;
  }
}

/** The call a block or tracker belongs to: the one around it, else a new one. */
export interface Belonging {
  readonly sink: CallSink;
  /** The recording to be active inside the block. */
  readonly recording: Recording;
}

/** Joins the observed call around this code, or opens one. */
export function joinOrOpen(runtime: Runtime, wanted: CallToObserve): Belonging | undefined {
  const outer = runtime.current();
  if (outer !== undefined) return { sink: joinCall(outer), recording: outer };
  const recording = openRecording(runtime, wanted);
  return recording && { sink: recording, recording };
}

/** Runs `run` inside a recording and follows its result to the end. The host's errors are rethrown as they are. */
export function observeRun(
  runtime: Runtime,
  { sink, recording }: Belonging,
  reader: AnswerReader & Pick<CallToObserve, "inner">,
  run: () => unknown,
): unknown {
  const { provider, classify, askedStream, callerSignal, inner } = reader;
  const inside = <R>(work: () => R): R => runtime.inside(recording, work, inner);
  return runFollowed({ sink, watch: runtime.watch, inside, provider, classify, askedStream, callerSignal }, run);
}

/** Runs `run` in the context of a call and follows its result to the end. */
export function runFollowed(call: Followed, run: () => unknown): unknown {
  const { sink } = call;
  let result: unknown;
  try {
    result = call.inside(run);
  } catch (error) {
    sink.end(endOfThrown(error, "call", call.callerSignal));
    throw error;
  }
  return sink.ended ? result : followResult(result, call);
}

/** Observes one call from its start; `run` gets its recording, or none when it goes unobserved. */
export function observeCall(
  runtime: Runtime,
  wanted: CallToObserve,
  run: (recording: Recording | undefined) => unknown,
): unknown {
  const recording = openRecording(runtime, wanted);
  if (recording === undefined) return run(undefined);
  return observeRun(runtime, { sink: recording, recording }, wanted, () => run(recording));
}

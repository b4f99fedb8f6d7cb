import { joinCall, type CallSink } from "./call-sink.ts";
import { followResult } from "./follow-result.ts";
import type { AnswerReader } from "./followed.ts";
import type { LlmCall, Recording } from "./recording.ts";
import type { Runtime } from "./runtime.ts";
import { endOfThrown } from "./thrown-error.ts";

/** A call about to be made. */
export interface CallToObserve extends AnswerReader {
  readonly call: LlmCall;
  readonly tokenTape?: boolean;
}

/**
 * Opens a recording under whatever call is already observed around it; that outer one then keeps its span and leaves
 * the `llm_*` families to this one. Undefined when it cannot be opened: then the call simply goes unobserved.
 */
export function openRecording(runtime: Runtime, { call, tokenTape }: CallToObserve): Recording | undefined {
  try {
    const outer = runtime.current();
    const recording = runtime.recorder.start(call, tokenTape === undefined ? {} : { tokenTape });
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
  reader: AnswerReader,
  run: () => unknown,
): unknown {
  const inside = <R>(work: () => R): R => runtime.inside(recording, work);
  let result: unknown;
  try {
    result = inside(run);
  } catch (error) {
    sink.end(endOfThrown(error, "call", reader.callerSignal));
    throw error;
  }
  if (sink.ended) return result;
  const { provider, classify, askedStream, callerSignal } = reader;
  return followResult(result, { sink, watch: runtime.watch, inside, provider, classify, askedStream, callerSignal });
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

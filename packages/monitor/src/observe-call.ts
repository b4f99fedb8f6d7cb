import { followResult } from "./follow-result.ts";
import type { LlmCall, Recording } from "./recording.ts";
import type { Runtime } from "./runtime.ts";
import type { Classify } from "./stream-observer.ts";
import { endOfThrown } from "./thrown-error.ts";

/** A call about to be made. */
export interface CallToObserve {
  readonly call: LlmCall;
  readonly classify: Classify | undefined;
  /** Stops the call from ending when the run returns: the block ends it itself. */
  readonly endsByHand?: (recording: Recording) => boolean;
}

/**
 * Opens a recording under whatever call is already observed around it; that outer one then keeps its span and leaves
 * the `llm_*` families to this one.
 */
export function openRecording(runtime: Runtime, call: LlmCall): Recording {
  const outer = runtime.started.backend.activeOwner();
  if (outer !== undefined && "delegate" in outer) (outer as Recording).delegate();
  return runtime.recorder.start(call);
}

/** Runs `run` inside a recording and follows its result to the end. The host's errors are rethrown as they are. */
export function observeCall(
  runtime: Runtime,
  { call, classify, endsByHand }: CallToObserve,
  run: (recording: Recording) => unknown,
): unknown {
  const { backend } = runtime.started;
  const recording = openRecording(runtime, call);
  const inside = <T>(work: () => T): T => backend.withSpan(recording.span, work, recording);
  let result: unknown;
  try {
    result = inside(() => run(recording));
  } catch (error) {
    recording.end(endOfThrown(error, "call"));
    throw error;
  }
  if (endsByHand?.(recording) === true) return result;
  return followResult(result, { recording, idle: runtime.idle, classify, inside });
}
